#pragma once
// Files of Parquet and ORC, through Apache Arrow: libchorus_arrow.so (worker/arrow), which is
// opened with the first such file, so that the program starts on a machine without it. Thread
// safety: any thread; a source belongs to one.

#include <cstdint>
#include <memory>
#include <string>

#include "common/file.h"
#include "common/status.h"
#include "worker/columns/column_source.h"

namespace chorus::worker {

enum class ArrowFormat { kParquet, kOrc };

struct ArrowFileOptions {
  ArrowFormat format = ArrowFormat::kParquet;
  uint32_t threads = 1;  // the number that decodes columns; 1 = the caller's alone
  // The library: a path, or a name that is looked for beside the executable, in its search path
  // (lib/chorus of an installed program), and where the system looks.
  std::string library = "libchorus_arrow.so";
};

// Errors: kNotFound, there is no library (the message says what to do about it);
// kFailedPrecondition, it belongs to another build; kDataLoss, `file` is damaged, or is not of the
// format.
Result<std::unique_ptr<ColumnSource>> OpenArrowFile(std::unique_ptr<RandomAccessFile> file,
                                                    const ArrowFileOptions& options);

}  // namespace chorus::worker
