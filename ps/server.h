#pragma once
// A parameter server: keeps the rows of a range of logical shards and answers the frames of all
// workers (common/wire.proto, worker/servers/ps_client.h). A step is answered when the frames of
// all workers are in: first the gradients that came with it are applied, then its keys are read, so
// that the rows of step t contain exactly the updates of steps 1 .. t - 1 - pull_ahead.
//
// Every gradient counts exactly once: a frame that arrives again while its step is held gets the
// same bytes as the first time, and a malformed frame is refused as a whole. After an error that
// leaves rows incomplete (memory is used up, a restore failed) every step is refused with that
// error; before the first step, another restore makes the rows whole again.
//
// Threads: `threads` owner threads (rows), one writer (snapshots), one watch (deadlines); Handle
// runs on the transport's threads. Thread safety: any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/file.h"
#include "common/frame.h"
#include "common/table_spec.h"
#include "common/transport.h"

namespace chorus::ps {

// The settings of a job that concern its servers. A caller sets every field that has no default
// here: the defaults of a job are those of config.proto.
struct ServerOptions {
  uint32_t server = 0;  // owns shards [server * shards / servers, (server + 1) * shards / servers)
  uint32_t servers = 0;
  uint32_t workers = 0;
  uint32_t shards = 0;
  uint32_t threads = 0;
  uint32_t pull_ahead = 0;
  uint32_t grains_per_step = 0;
  uint64_t seed = 0;
  double deadline_seconds = 0;   // how long a step's first frame waits for the other workers'
  uint64_t memory_mb = 0;        // limit for rows and their indices; 0 = none
  uint64_t max_reply_bytes = 0;  // a request for more rows is refused
  // Called when all frames of a step are in, in order of steps, under the server's lock: it returns
  // at once and calls nothing of the server. May be empty.
  std::function<void(uint64_t step)> on_step;
  // The memory that rows copied aside for a running snapshot may take; beyond it, shards are
  // written out at once.
  uint64_t snapshot_side_bytes = uint64_t{256} << 20;
};

class Server {
 public:
  virtual ~Server() = default;  // answers what waits with kAborted
  // Answers one frame, now or later, from any thread. It is the handler for Transport::Listen.
  virtual void Handle(Frame request, Responder respond) = 0;
  // The memory of rows and their indices, which memory_mb limits.
  virtual uint64_t memory_bytes() const = 0;
  virtual uint64_t rows() const = 0;  // how many rows it holds

  // `files` must outlive the server. REQUIRES: server < servers; the numbers of servers, workers,
  // shards, threads, grains and tables, and the two bounds of waiting and of replies, are above 0.
  // Error: kResourceExhausted when the system does not give the threads.
  static Result<std::unique_ptr<Server>> Create(const ServerOptions& options,
                                                const std::vector<TableSpec>& tables,
                                                FileSystem& files);
};

}  // namespace chorus::ps
