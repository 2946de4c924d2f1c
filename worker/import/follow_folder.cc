#include "worker/import/follow_folder.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "worker/import/inputs.h"

namespace chorus::worker {
namespace {

// A folder in which whole files appear.
class FolderPortions final : public PortionSource {
 public:
  FolderPortions(FileSystem& files, std::string folder)
      : files_(files), folder_(std::move(folder)) {}

  Result<Portion> Poll(const FollowedSource& position, Ask ask) override {
    Portion portion;
    portion.after = position;
    if (ask == Ask::kLastPortion) return portion;  // no file is begun any more
    ASSIGN_OR_RETURN(const std::string name, FindNew(position, &portion.after));
    if (name.empty()) return portion;
    portion.grew = true;
    RETURN_IF_ERROR(Take(name, &portion));
    return portion;
  }
  Status Wait(double seconds) override {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    return Status::Ok();
  }

 private:
  static bool IsInWork(std::string_view name) {
    return name.starts_with(".") || name.ends_with(".tmp") || name.ends_with(".part") ||
           name.ends_with(".lock");
  }

  // The first file that is not done; "" = none. Those that are gone need not be known any more.
  Result<std::string> FindNew(const FollowedSource& position, FollowedSource* after) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(folder_));
    const std::set<std::string> there(names.begin(), names.end());
    std::set<std::string> done;
    after->clear_done();
    const bool is_first_look = !std::exchange(has_looked_, true);
    for (const FollowedInput& input : position.done()) {
      if (!there.contains(input.name())) continue;
      done.insert(input.name());
      const Status unchanged = CheckUnchanged(input, is_first_look);
      if (unchanged.code() == Code::kNotFound) continue;  // it went since it was listed
      RETURN_IF_ERROR(unchanged);
      *after->add_done() = input;
    }
    for (const std::string& name : names) {
      if (IsInWork(name) || done.contains(name)) continue;
      if (!files_.List(JoinPath(folder_, name)).ok()) return name;  // it is no directory
    }
    return std::string();
  }

  // Its size, and with `compares_head` what it begins with. Error: kNotFound, it is gone.
  Status CheckUnchanged(const FollowedInput& input, bool compares_head) {
    const std::string path = JoinPath(folder_, input.name());
    ASSIGN_OR_RETURN(const auto file, files_.OpenForRead(path));
    if (file->size() == input.bytes()) {
      if (!compares_head) return Status::Ok();
      ASSIGN_OR_RETURN(const uint64_t head,
                       HeadChecksum(*file, std::min(input.bytes(), kHeadBytes)));
      if (head == input.head_checksum()) return Status::Ok();
    }
    return FailedPrecondition(StrCat(path, " has changed since it was imported (", input.bytes(),
                                     " bytes then, ", file->size(),
                                     " now): files of a folder that "
                                     "is followed appear whole, under a name of their own"));
  }

  Status Take(const std::string& name, Portion* portion) {
    const std::string path = JoinPath(folder_, name);
    ASSIGN_OR_RETURN(portion->inputs, MakeInputs(files_, {path}, -1, ""));
    ASSIGN_OR_RETURN(const auto file, files_.OpenForRead(path));
    FollowedInput* const done = portion->after.add_done();
    done->set_name(name);
    done->set_bytes(file->size());
    ASSIGN_OR_RETURN(const uint64_t head, HeadChecksum(*file, std::min(done->bytes(), kHeadBytes)));
    done->set_head_checksum(head);
    return Status::Ok();
  }

  FileSystem& files_;
  const std::string folder_;
  bool has_looked_ = false;  // at files that were done before
};

}  // namespace

std::unique_ptr<PortionSource> FollowFolder(FileSystem& files, const std::string& folder) {
  return std::make_unique<FolderPortions>(files, folder);
}

}  // namespace chorus::worker
