#pragma once
// A file of Parquet that the program writes, through libchorus_arrow.so. Thread safety: none.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "worker/columns/made_column.h"

namespace chorus::worker {

class ArrowFileWriter {
 public:
  using TakeBytes = std::function<Status(std::string_view)>;
  virtual ~ArrowFileWriter() = default;
  // Writes the rows of the columns, which all have equally many; the caller may clear them then.
  // Error: that of `take`, or what Arrow says (kInternal). `take` gets nothing more after an error,
  // nor when the writer ends without Finish: what it has got then is no whole file.
  virtual Status Write(std::vector<MadeColumn>* columns) = 0;
  // Writes the end of the file. It is called once; to write after it is an error (kInternal).
  virtual Status Finish() = 0;

  // Only names and types of `columns` are read. take: gets the file's bytes in order. library: as
  // ArrowFileOptions has it.  Errors: those of OpenArrowFile.
  static Result<std::unique_ptr<ArrowFileWriter>> Open(
      std::vector<MadeColumn>* columns, TakeBytes take,
      const std::string& library = "libchorus_arrow.so");
};

}  // namespace chorus::worker
