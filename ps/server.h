#pragma once
// A parameter server: keeps the rows of a range of logical shards and answers the frames of all
// workers (common/wire.proto, worker/servers/ps_client.h). A step is answered when the frames of all
// workers are in: first the gradients that came with it are applied, then its keys are read, so
// that the rows of step t contain exactly the updates of steps 1 .. t - 1 - pull_ahead.
//
// Every gradient counts exactly once: a frame that arrives again while its step is kept gets the
// same bytes, one that is malformed is refused whole. After an error that leaves rows incomplete
// (memory used up) every step is refused with that error until a restore.
//
// Threads: `threads` owner threads (rows), one writer (snapshots), one watch (deadlines); Handle
// runs on the transport's. Thread safety: any thread.

#include <cstdint>
#include <memory>
#include <vector>

#include "common/file.h"
#include "common/frame.h"
#include "common/status.h"
#include "common/table_spec.h"
#include "common/transport.h"

namespace chorus::ps {

struct ServerOptions {
  uint32_t server = 0;  // owns shards [server * shards / servers, (server + 1) * shards / servers)
  uint32_t servers = 1;
  uint32_t workers = 1;
  uint32_t shards = 64;
  uint32_t threads = 1;
  uint32_t pull_ahead = 0;
  uint32_t grains_per_step = 8;
  uint64_t seed = 1;
  double deadline_seconds = 120;  // how long a step's first frame waits for the other workers'
  uint64_t memory_mb = 0;         // rows and their index; 0 = no limit
  uint64_t max_reply_bytes = uint64_t{1} << 30;  // a request for more rows is refused
  uint64_t snapshot_side_bytes = 256ull << 20;   // rows copied aside for a running snapshot
  bool count_gradients = false;                  // sum what is applied, for tests of conservation
};

class Server {
 public:
  virtual ~Server() = default;  // answers what waits with kAborted
  // Answers one frame, now or later; what Transport::Listen takes.
  virtual void Handle(Frame request, Responder respond) = 0;

  // `files` must outlive the server. REQUIRES: server < servers, all counts >= 1.
  static std::unique_ptr<Server> Create(const ServerOptions& options,
                                        const std::vector<TableSpec>& tables, FileSystem& files);
};

}  // namespace chorus::ps
