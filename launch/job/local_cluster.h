#pragma once
// A whole job inside one process: its workers are threads, its servers objects. The embedded
// default of `chorus train` is one worker and one server; tests run any layout. Thread safety: one
// call per cluster.

#include <cstdint>
#include <functional>
#include <memory>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "common/transport.h"
#include "launch/job/job_trace.h"
#include "launch/job/monitor.h"
#include "launch/job/server_node.h"
#include "worker/device/device.h"
#include "worker/train/trainer.h"

namespace chorus::launch {

struct LocalClusterOptions {
  uint32_t workers = 1;
  uint32_t servers = 1;
  // Frames cross the loopback device, with two network threads per end, instead of being handed
  // over in memory.
  bool tcp = false;
  // The protection of the connections over TCP, which never leave this host.
  Protection protection = Protection::kEncryptedBetweenHosts;
  // Wraps each worker's transport, for tests of bad networks; empty: not wrapped.
  std::function<std::unique_ptr<Transport>(std::unique_ptr<Transport>)> wrap_transport;
  // Shows the servers and the workers' progress; null: nothing is shown.
  Monitor* monitor = nullptr;
  // Records the steps of worker 0, and everything that this process does meanwhile; null: nothing
  // is recorded.
  JobTrace* trace = nullptr;
  // Opens devices; each worker asks for the one of its own number. Empty: there are no devices.
  worker::OpenDevice open_device;
  // Called with each server once the workers have ended well; may be empty.
  std::function<void(const ServerNode& server)> at_end;
};

// Runs `work` on every worker, each on a thread of its own (the caller's, if there is one worker
// only). Returns the first error, in order of workers, that is not a consequence of another
// worker's error.
using WorkerMain =
    std::function<Status(const TrainConfig& config, const worker::WorkerEnvironment& environment)>;
Status RunLocalCluster(const TrainConfig& config, const LocalClusterOptions& options,
                       FileSystem& files, const WorkerMain& work);

}  // namespace chorus::launch
