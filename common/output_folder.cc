#include "common/output_folder.h"

#include <chrono>
#include <thread>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "common/uri.h"
#include "common/write_lock.h"

namespace chorus {
namespace {

Status RefuseToOverwrite(FileSystem& files, const std::string& output) {
  if (!files.Exists(output)) return Status::Ok();
  const auto names = files.List(output);
  if (names.ok() && names->empty()) return Status::Ok();
  return FailedPrecondition(StrCat(output, names.ok() ? " is not empty" : " is no folder",
                                   ": give a new folder, or remove this one first"));
}

}  // namespace

OutputFolder::OutputFolder(FileSystem& files, std::string output, const std::string& doing)
    : files_(files), output_(std::move(output)), path_(StrCat(output_, ".", doing)) {}

Result<std::unique_ptr<OutputFolder>> OutputFolder::Create(FileSystem& files,
                                                           const std::string& output,
                                                           const std::string& doing) {
  RETURN_IF_ERROR(CheckIsWritable(output));
  const std::string name = WithoutSlash(output);
  if (name.empty() || name == "/" || BaseName(name) == "." || BaseName(name) == "..") {
    return InvalidArgument(
        StrCat("output: found '", output, "', expected the name of a new folder"));
  }
  RETURN_IF_ERROR(files.CreateDirectories(DirectoryOf(name)));
  ASSIGN_OR_RETURN(auto lock, LockOutput(files, name));
  RETURN_IF_ERROR(RefuseToOverwrite(files, name));
  std::unique_ptr<OutputFolder> folder(new OutputFolder(files, name, doing));
  folder->lock_ = std::move(lock);
  if (files.Exists(folder->path_)) RETURN_IF_ERROR(files.RemoveRecursively(folder->path_));
  folder->unfinished_ = std::make_unique<UnfinishedOutput>(files, folder->path_, &folder->lock_);
  RETURN_IF_ERROR(files.CreateDirectories(folder->path_));
  return folder;
}

OutputFolder::~OutputFolder() {
  if (committed_) return;
  // Another process of the same command may still make its last file in the folder meanwhile.
  constexpr int kTries = 5;
  Status removed = files_.RemoveRecursively(path_);
  for (int tries = 1; tries < kTries && !removed.ok(); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    removed = files_.RemoveRecursively(path_);
  }
  if (!removed.ok()) LogWarning("removing ", path_, ": ", removed.message());
}

Status OutputFolder::Commit() {
  const Status finished = unfinished_->Finish([this]() -> Status {
    RETURN_IF_ERROR(RefuseToOverwrite(files_, output_));
    if (files_.Exists(output_)) RETURN_IF_ERROR(files_.RemoveRecursively(output_));
    return files_.Rename(path_, output_);
  });
  RETURN_IF_ERROR(finished);
  committed_ = true;
  return Status::Ok();
}

}  // namespace chorus
