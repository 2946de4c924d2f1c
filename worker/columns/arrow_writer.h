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
  // Writes the rows that the columns have, as many in each; they may be cleared behind it. Error:
  // that of `take`, or what Arrow says. `take` gets nothing more behind an error, nor when the
  // writer ends without Finish: what it has got then is no whole file.
  virtual Status Write(std::vector<MadeColumn>* columns) = 0;
  // The end of the file, once; nothing is written behind it (kInternal).
  virtual Status Finish() = 0;

  // The columns say what there is, their rows do not count. take: gets the file's bytes in order.
  // library: as ArrowFileOptions has it.  Errors: those of OpenArrowFile.
  static Result<std::unique_ptr<ArrowFileWriter>> Open(
      std::vector<MadeColumn>* columns, TakeBytes take,
      const std::string& library = "libchorus_arrow.so");
};

}  // namespace chorus::worker
