#include "worker/servers/snapshot_progress.h"

#include "common/strings.h"

namespace chorus::worker {
namespace {

bool HasEnded(const wire::SnapshotStatusMeta& status, uint64_t step) {
  return status.step() == step && (status.finished() || status.has_error());
}

}  // namespace

bool SnapshotProgress::Ended(uint64_t step) const { return UnderWay(step).empty(); }

std::string SnapshotProgress::UnderWay(uint64_t step) const {
  std::vector<std::string> names;
  for (size_t server = 0; server < servers_.size(); ++server) {
    if (!HasEnded(servers_[server], step)) names.push_back(StrCat("server ", server));
  }
  return Join(names, ", ");
}

Result<std::vector<SnapshotFile>> SnapshotProgress::Files(uint64_t step) const {
  for (size_t server = 0; server < servers_.size(); ++server) {
    const wire::SnapshotStatusMeta& status = servers_[server];
    if (status.step() != step || !status.has_error()) continue;
    return Status(ErrorCodeOf(status.error().code()), status.error().message())
        .Annotate(StrCat("server ", server, ": snapshot of step ", step));
  }
  std::vector<SnapshotFile> files;
  if (!Ended(step)) return files;
  for (const wire::SnapshotStatusMeta& status : servers_) {
    for (const wire::SnapshotFileMeta& file : status.file()) {
      files.push_back({file.name(), file.bytes(), file.checksum(), file.rows()});
    }
  }
  return files;
}

}  // namespace chorus::worker
