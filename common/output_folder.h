#pragma once
// The folder of a command's output. Everything is written into the folder "<output>.<doing>", which
// becomes <output> by one rename at the end: a command that fails, or is killed, leaves nothing
// that looks whole. <output> has one writer at a time (write_lock.h).
// Thread safety: none.

#include <memory>
#include <string>

#include "common/file.h"
#include "common/status.h"
#include "common/unfinished_output.h"

namespace chorus {

class OutputFolder {
 public:
  // doing: "importing". What a killed command left in "<output>.<doing>" is removed. Error:
  // kFailedPrecondition if `output` is a file, or a folder that is not empty, or if another process
  // writes it.
  static Result<std::unique_ptr<OutputFolder>> Create(FileSystem& files, const std::string& output,
                                                      const std::string& doing);
  ~OutputFolder();  // removes a folder that was not committed
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::string& path() const { return path_; }      // "<output>.<doing>"
  const std::string& output() const { return output_; }  // without a slash at its end
  Status Commit();

 private:
  OutputFolder(FileSystem& files, std::string output, const std::string& doing);

  FileSystem& files_;
  const std::string output_;
  const std::string path_;
  std::unique_ptr<FileLock> lock_;  // freed when nothing of this writer is left
  std::unique_ptr<UnfinishedOutput> unfinished_;
  bool committed_ = false;
};

}  // namespace chorus
