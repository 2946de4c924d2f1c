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
  // Frames cross the loopback device, on two network threads an end, instead of being handed over.
  bool tcp = false;
  // Of the connections over TCP, which never leave this host.
  Protection protection = Protection::kEncryptedBetweenHosts;
  // What each worker's transport is wrapped in, for tests of bad networks; empty: nothing.
  std::function<std::unique_ptr<Transport>(std::unique_ptr<Transport>)> wrap_transport;
  // Shows the servers and what the workers do; null: nobody.
  Monitor* monitor = nullptr;
  // What is recorded of the steps of worker 0, and of all that this process does meanwhile; null:
  // nothing.
  JobTrace* trace = nullptr;
  // Where workers find devices; each asks for the one of its own number. Empty: there are none.
  worker::OpenDevice open_device;
  // Called with each server once the workers have ended well; empty: nobody asks.
  std::function<void(const ServerNode& server)> at_end;
};

// Runs `work` on every worker, each on a thread of its own (the caller's, if there is one worker
// only). Returns the first error in order of workers that is not another worker's doing.
using WorkerMain =
    std::function<Status(const TrainConfig& config, const worker::WorkerEnvironment& environment)>;
Status RunLocalCluster(const TrainConfig& config, const LocalClusterOptions& options,
                       FileSystem& files, const WorkerMain& work);

}  // namespace chorus::launch
