#pragma once
// A text file that a command writes, packed as its name says: NAME.gz with gzip, NAME.zst with
// zstd, every other name and "-" (standard output) plain. It gets its name when it is complete
// (common/output_file.h). Thread safety: none.

#include <memory>
#include <string>
#include <string_view>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

class PackedText {
 public:
  virtual ~PackedText() = default;  // removes a file that was not committed
  static Result<std::unique_ptr<PackedText>> Create(FileSystem& files, const std::string& path);
  virtual Status Append(std::string_view text) = 0;
  virtual Status Commit() = 0;
};

}  // namespace chorus::worker
