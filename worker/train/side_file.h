#pragma once
// A file that a run writes beside its work (metrics.jsonl, TensorBoard's events). A disk that fails
// does not end the run: a warning says so once, and the file ends there, since nobody could read
// what follows a torn piece. Thread safety: one thread.

#include <memory>
#include <string>
#include <string_view>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

class SideFile {
 public:
  SideFile() = default;  // what is written is dropped
  // field: of the configuration that asks for the file; path: of it; both for the warning.
  SideFile(std::unique_ptr<WritableFile> file, std::string field, std::string path);

  bool is_open() const { return file_ != nullptr; }
  void Append(std::string_view bytes);
  void Sync();   // what was written survives a crash
  void Close();  // synced

 private:
  void EndOnError(const Status& status);

  std::unique_ptr<WritableFile> file_;  // null: dropped
  std::string field_, path_;
};

}  // namespace chorus::worker
