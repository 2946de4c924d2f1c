#pragma once
// The folder of an import's output. Everything is written into "<output>.importing" beside it,
// which becomes <output> by one rename at the end: an import that fails, or is killed, leaves no
// log that looks whole. Thread safety: none.

#include <memory>
#include <string>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

class ImportFolder {
 public:
  // Error: kFailedPrecondition when `output` is a file or a folder that is not empty. What a killed
  // import left in "<output>.importing" is removed.
  static Result<std::unique_ptr<ImportFolder>> Create(FileSystem& files, const std::string& output);
  ~ImportFolder();  // removes what was not committed
  ImportFolder(const ImportFolder&) = delete;
  ImportFolder& operator=(const ImportFolder&) = delete;

  const std::string& path() const { return path_; }  // "<output>.importing"
  Status Commit();

 private:
  ImportFolder(FileSystem& files, std::string output);

  FileSystem& files_;
  const std::string output_;
  const std::string path_;
  bool committed_ = false;
};

}  // namespace chorus::worker
