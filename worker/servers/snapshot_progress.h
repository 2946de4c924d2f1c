#pragma once
// The state of the servers' parts of the newest snapshot, as far as this worker has been told.
// Thread safety: one thread.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "common/wire.pb.h"
#include "worker/servers/ps_client.h"

namespace chorus::worker {

class SnapshotProgress {
 public:
  explicit SnapshotProgress(size_t servers) : servers_(servers) {}

  // status: that of a snapshot which has ended on this server: it is finished, or it failed.
  void SetEnded(size_t server, const wire::SnapshotStatusMeta& status) {
    servers_[server] = status;
  }
  bool Ended(uint64_t step) const;            // whether the snapshot of `step` has, on all servers
  std::string UnderWay(uint64_t step) const;  // "server 0, server 2": those where it has not
  // All servers' files once all have finished, and none before. Error: that of a server that
  // failed.
  Result<std::vector<SnapshotFile>> Files(uint64_t step) const;

 private:
  std::vector<wire::SnapshotStatusMeta> servers_;  // the last that ended, by server
};

}  // namespace chorus::worker
