#include "launch/job/shared_folder.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/strings.h"
#include "launch/job/job_token.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;
// The deadline of waits that begin now.
Clock::time_point EndOf(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

bool IsShown(FileSystem& files, const std::string& path, Clock::time_point until) {
  while (!files.Exists(path)) {
    if (Clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

Status WriteMark(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, files.Create(path));
  return file->Close();
}

// One rank's part of the proof. Only the first rank knows the marks' name at first.
class Proof {
 public:
  Proof(Communicator& all, FileSystem& files, const std::string& folder, double shown_seconds)
      : all_(all), files_(files), folder_(folder), shown_seconds_(shown_seconds) {}

  // The findings of both sides, by rank; "" = all is well.
  Result<std::vector<std::string>> Run(bool writes) {
    std::string mark, trouble;
    if (all_.rank() == 0) {
      ASSIGN_OR_RETURN(mark, NewJobToken());
      mark.resize(16);
      trouble = files_.CreateDirectories(folder_).message();
      if (trouble.empty()) trouble = WriteMark(files_, PathOf(mark, 0)).message();
    }
    ASSIGN_OR_RETURN(mark, all_.Broadcast(mark, 0));
    // The first rank's error is shared before the others look in vain.
    ASSIGN_OR_RETURN(const std::string first, all_.Broadcast(trouble, 0));
    if (all_.rank() > 0 && first.empty()) trouble = LookAndWrite(mark, writes);
    ASSIGN_OR_RETURN(std::vector<std::string> found,
                     all_.AllGather(first.empty() && trouble.empty() && writes ? kWrote : trouble));
    if (all_.rank() == 0) LookUpAndRemove(mark, &found);
    return all_.rank() == 0 ? Share(found) : Share({});
  }

 private:
  static constexpr char kWrote[] = "wrote";

  std::string PathOf(const std::string& mark, uint32_t rank) const {
    return JoinPath(folder_, StrCat(".shared-", mark, "-", rank));
  }

  std::string LookAndWrite(const std::string& mark, bool writes) {
    if (!IsShown(files_, PathOf(mark, 0), EndOf(shown_seconds_))) {
      return files_.Exists(folder_) ? "sees another folder of that name" : "has no such folder";
    }
    return writes ? WriteMark(files_, PathOf(mark, all_.rank())).message() : "";
  }

  // One wait for all marks, so that many ranks that write elsewhere take no longer than one.
  void LookUpAndRemove(const std::string& mark, std::vector<std::string>* found) {
    const Clock::time_point until = EndOf(shown_seconds_);
    for (uint32_t rank = 0; rank < found->size(); ++rank) {
      std::string& trouble = (*found)[rank];
      if (trouble == kWrote)
        trouble = IsShown(files_, PathOf(mark, rank), until) ? "" : "writes elsewhere";
      if (files_.Exists(PathOf(mark, rank))) (void)files_.Remove(PathOf(mark, rank)).ok();
    }
  }

  // The first rank's list for all. Errors of the system may have several lines.
  Result<std::vector<std::string>> Share(std::vector<std::string> found) {
    for (std::string& trouble : found) std::replace(trouble.begin(), trouble.end(), '\n', ' ');
    ASSIGN_OR_RETURN(const std::string text, all_.Broadcast(Join(found, "\n"), 0));
    std::vector<std::string> shared = Split(text, '\n');
    if (shared.size() != all_.size()) return Internal("what the ranks found did not arrive");
    return shared;
  }

  Communicator& all_;
  FileSystem& files_;
  const std::string folder_;
  const double shown_seconds_;
};

}  // namespace

Status CheckSharedFolder(Communicator& all, FileSystem& files, const std::string& field,
                         const std::string& folder, bool writes, const std::vector<Place>& places,
                         double shown_seconds) {
  if (folder.empty() || all.size() == 1) return Status::Ok();
  ASSIGN_OR_RETURN(const std::vector<std::string> found,
                   Proof(all, files, folder, shown_seconds).Run(writes));
  std::vector<std::string> wrong;
  for (size_t rank = 0; rank < found.size(); ++rank) {
    if (found[rank].empty()) continue;
    wrong.push_back(StrCat("rank ", rank, " on ", places[rank].node, " ", found[rank]));
  }
  if (wrong.empty()) return Status::Ok();
  if (all.rank() > 0) return Aborted(StrCat(field, " is not one folder; rank 0 says where"));
  return FailedPrecondition(StrCat(field, ": ", folder,
                                   " must be one folder for all ranks, on a "
                                   "file system that all their hosts have mounted, but ",
                                   Join(wrong, ", ")));
}

}  // namespace chorus::launch
