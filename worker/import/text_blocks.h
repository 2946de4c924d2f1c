#pragma once
// The rows of a text, or of typed columns, as blocks of a model's columns, in one pass and bounded
// memory: exactly the blocks that `import` would write, so that scores are those of its log to the
// bit. Only features and row ids are read; labels that the text has are passed on where they can be
// read, and never make a row a bad one. Conversions without a click are kept, whatever the schema
// says.
// Thread safety: none.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/log/row_source.h"

namespace chorus::worker {

struct TextOptions {
  ImportSchema schema = {};                // complete (common/config.h)
  std::string schema_name = "the schema";  // for messages
  std::vector<std::string> inputs = {};    // as MakeInputs takes them
  int standard_input = 0;                  // its descriptor
  uint64_t max_bad_rows = 0;               // the most malformed rows, which have no score
  std::string bad_row_remedy = {};         // as BadRows takes it
};

class TextBlocks : public RowSource {
 public:
  // Opens the first input and matches its columns with the model's by name. `files` must outlive
  // the blocks. Errors: as ImportText's; kFailedPrecondition when a feature of the model is missing
  // or is made otherwise.
  static Result<std::unique_ptr<TextBlocks>> Open(FileSystem& files, const TextOptions& options,
                                                  const LogSchema& model);
  // What was read so far, as lines for a person.
  virtual std::string Summary() const = 0;
};

}  // namespace chorus::worker
