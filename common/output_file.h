#pragma once
// A file that a command writes for its user. It gets its name when it is complete: until then it is
// called "<path>.partial". An output that is no file (a pipe, a device, "-" for standard output) is
// written in place and never replaced. Symbolic links are followed. A file has one writer at a time
// (write_lock.h).
// Thread safety: none.

#include <memory>
#include <string>
#include <string_view>

#include "common/file.h"
#include "common/status.h"
#include "common/unfinished_output.h"

namespace chorus {

class OutputFile {
 public:
  // `files` must outlive the output. Error: kFailedPrecondition if another process writes the file.
  static Result<std::unique_ptr<OutputFile>> Create(FileSystem& files, const std::string& path);
  // Works as Create does, but a file that is there already is replaced only if it is empty or
  // starts with `begin`, as every `what` does. A log line says what is replaced. Error:
  // kFailedPrecondition, also if the file is something else.
  static Result<std::unique_ptr<OutputFile>> Replace(FileSystem& files, const std::string& path,
                                                     std::string_view begin, std::string_view what);
  ~OutputFile();  // removes a file that was not committed
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  Status Append(std::string_view text);
  Status Commit();  // syncs the file and gives it its name

 private:
  OutputFile(FileSystem& files, FileSystem::Target target)
      : files_(files), target_(std::move(target)) {}

  FileSystem& files_;
  const FileSystem::Target target_;
  std::unique_ptr<FileLock> lock_;                // null: it is written in place
  std::string partial_;                           // "": it is written in place
  std::unique_ptr<UnfinishedOutput> unfinished_;  // null: committed
  std::unique_ptr<WritableFile> file_;            // null: standard output, or committed
};

}  // namespace chorus
