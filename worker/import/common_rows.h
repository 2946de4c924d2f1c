#pragma once
// The common features of Ali-CCP: lines that begin with a key and a comma, read once and found by
// key in any order afterwards. Each line is kept as a zstd frame of its own, in memory as far as
// allowed and in a temporary file from there on.
// Thread safety: after Read, Find may be called by many threads, each with a Finder of its own.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/file.h"
#include "common/progress.h"
#include "common/status.h"
#include "worker/import/bad_rows.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

struct CommonRowsOptions {
  uint64_t memory_bytes = uint64_t{4} << 30;  // for lines and index; the rest goes to the file
  std::string spill_path = {};  // of that file; "" = running out of memory is an error
  uint32_t threads = 1;
  uint64_t max_bad_rows = 0;        // the most lines without a key, which are passed over
  BadRowList* bad_list = nullptr;   // null, or gets a line for each
  std::string bad_row_remedy = {};  // as BadRows takes it
  ProgressLine* progress = nullptr;
};

class CommonRows {
 public:
  // Reads all lines of all inputs; blank ones are passed over, as is a byte order mark at an
  // input's beginning. Errors: kInvalidArgument, a line without a key past max_bad_rows, or two
  // different lines of one key (names both places); kResourceExhausted, no more memory, or
  // memory_bytes are used and there is no spill_path; those of reading and writing.
  static Result<std::unique_ptr<CommonRows>> Read(FileSystem& files,
                                                  const std::vector<TextInput>& inputs,
                                                  const CommonRowsOptions& options);
  virtual ~CommonRows() = default;

  virtual uint64_t rows() const = 0;
  virtual uint64_t bad_rows() const = 0;      // lines that were passed over
  virtual uint64_t stored_bytes() const = 0;  // of the frames
  virtual uint64_t spilled_bytes() const = 0;

  // What one thread needs to find lines.
  class Finder {
   public:
    virtual ~Finder() = default;
    // The line of `key`, valid until the next call. Errors: kNotFound; those of reading the file.
    virtual Result<std::string_view> Find(std::string_view key) = 0;
    // Where the line is that Find gave last: "common_features_train.csv:17".
    virtual std::string Place() const = 0;
  };
  virtual std::unique_ptr<Finder> NewFinder() const = 0;
};

}  // namespace chorus::worker
