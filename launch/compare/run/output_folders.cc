#include "launch/compare/run/output_folders.h"

#include <utility>

#include "common/log.h"
#include "common/write_lock.h"

namespace chorus::launch {

Status OutputFolders::Take(const std::string& folder) {
  Taken taken{.folder = WithoutSlash(folder)};
  for (std::string at = taken.folder; at != "." && at != "/" && !files_.Exists(at);
       at = DirectoryOf(at)) {
    taken.made.push_back(at);
  }
  const Status made = files_.CreateDirectories(taken.folder);
  taken_.push_back(std::move(taken));  // also what was made in part
  RETURN_IF_ERROR(made);
  ASSIGN_OR_RETURN(taken_.back().lock, LockFolder(files_, taken_.back().folder, kWriterEndSeconds));
  return Status::Ok();
}

// The last first: it may be inside another, or beside it in a folder that was made for both.
OutputFolders::~OutputFolders() {
  while (!taken_.empty()) {
    RemoveEmpty(taken_.back());
    taken_.pop_back();
  }
}

// Under the lock: nobody else writes there meanwhile.
void OutputFolders::RemoveEmpty(const Taken& taken) {
  for (const std::string& folder : taken.made) {
    auto names = files_.List(folder);
    if (!names.ok()) continue;  // it was not made
    if (taken.lock != nullptr && folder == taken.folder) std::erase(*names, kFolderLockName);
    if (!names->empty()) return;
    if (const Status removed = files_.RemoveRecursively(folder); !removed.ok()) {
      LogWarning(folder, " is empty and stays: ", removed.message());
      return;
    }
  }
}

}  // namespace chorus::launch
