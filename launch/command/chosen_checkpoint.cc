#include "launch/command/chosen_checkpoint.h"

#include "common/file_lock.h"
#include "common/log.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

// "the job that runs there (process 4711 on node7 since ...)", by the folder's lock.
std::string RemoverIn(FileSystem& files, const std::string& directory) {
  const std::string lock = JoinPath(directory, kFolderLockName);
  if (!IsLocked(lock).value_or(true)) return "a job that has ended since, or somebody else";
  const Result<std::string> text = ReadWholeFile(files, lock);
  const std::string name = text.ok() ? text->substr(0, text->find('\n')) : "";
  return StrCat("the job that runs there", name.empty() ? "" : StrCat(" (", name, ")"));
}

}  // namespace

bool IsGone(FileSystem& files, const std::string& folder) { return !files.Exists(folder); }

Status RemovedWhileRead(FileSystem& files, const std::string& folder, const std::string& given) {
  const std::string directory = DirectoryOf(folder);
  return NotFound(StrCat(
      folder, " was removed while it was read, by ", RemoverIn(files, directory), ": ",
      folder == given ? StrCat("give --checkpoint ", directory, ", which takes the newest one")
                      : "the same command takes the newest one",
      "; a job with a larger checkpoint.keep keeps more of them"));
}

bool ChoosesAgain(const std::string& folder, const std::string& given, int choice) {
  if (folder == given || choice >= kMostChoices) return false;
  LogInfo(folder, " was removed while it was read: the newest checkpoint is taken again");
  return true;
}

Status ReadChosen(FileSystem& files, const std::string& given, bool best,
                  const std::function<Status(const std::string& folder)>& read) {
  for (int choice = 1;; ++choice) {
    ASSIGN_OR_RETURN(const std::string folder, worker::ChooseCheckpoint(files, given, best));
    const Status status = read(folder);
    if (status.ok() || !IsGone(files, folder)) return status;
    if (!ChoosesAgain(folder, given, choice)) return RemovedWhileRead(files, folder, given);
  }
}

}  // namespace chorus::launch
