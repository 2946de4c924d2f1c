#pragma once
// A worker's connection to all servers. For each step and server one frame carries the gradients of
// a past step and the keys of a coming one, and the reply carries the rows (wire.proto gives the
// frames).
//
//   frame of step t  =  gradients of step t - 1 - pull_ahead  +  keys of step t
//   its reply        =  rows that contain exactly the updates of steps 1 .. t - 1 - pull_ahead
//
// A server answers step t only when the frames of step t of all workers are in.
// Thread safety: one thread (the trainer's); replies arrive on transport threads inside.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/key.h"
#include "common/status.h"
#include "common/table_spec.h"
#include "common/transport.h"
#include "common/tree.h"

namespace chorus::worker {

// Keys of one table instance: unique, grouped by logical shard in ascending order of the shard.
struct TableKeys {
  std::vector<Key> keys;               // [n]
  std::vector<uint32_t> shard_counts;  // [shards], sums to n
};

// The sum of this worker's gradients over one subtree of the step's grains, for one table instance.
// The spans are views: whoever made the gradients owns the memory.
struct NodeGradient {
  TreeNode node;
  std::span<const uint32_t> positions;  // [m], ascending positions in that step's TableKeys.keys
  std::span<const float> gradients;     // [m, dim]
};

struct StepGradients {
  std::vector<std::vector<NodeGradient>> tables;  // [table instance][node], nodes in order
  std::vector<float> lr_factors;  // [table instance], the schedule's factor for that step
  // Ascending: instances that the step only read. They have no nodes.
  std::vector<uint32_t> frozen_tables;
};

// Asks servers to write their shards as of the step whose gradients ride in the same frame
// (ps/shard_file.h). Every worker must ask for the same in the same frame.
struct SnapshotRequest {
  uint64_t step = 0;      // the state after this step's update
  std::string directory;  // exists; servers write shard-NNNNN.rows into it
};

// One shard's file of a finished snapshot, as its server tells of it.
struct SnapshotFile {
  std::string name;  // inside the directory
  uint64_t bytes = 0;
  uint64_t checksum = 0;  // XXH3-64 of the whole file
  uint64_t rows = 0;
};

class ThreadPool;

// What a job says of its servers. A caller sets every field but the pool: the defaults of a job are
// those of config.proto.
struct PsClientOptions {
  uint32_t worker = 0;
  uint32_t workers = 0;
  uint32_t shards = 0;
  uint32_t pull_ahead = 0;
  uint32_t grains_per_step = 0;
  uint64_t seed = 0;            // that of the servers
  double deadline_seconds = 0;  // of a step and of a read
  double storage_seconds = 0;   // of a restore, and of the wait for a snapshot
  ThreadPool* pool = nullptr;   // its threads copy into frames; null: the caller alone does
};

// The rows of a step or a read, by table instance, in the order of the keys that were sent. The
// object keeps the replies, whose memory it shows.
class PulledRows {
 public:
  virtual ~PulledRows() = default;
  // The rows from `position` on to the last one of the same server, one after the other in memory:
  // [>= 1, dim of the table].
  virtual std::span<const float> RowsFrom(uint32_t table, uint32_t position) const = 0;
  // Whether an update has made the row, of a read; the rows of a step all count as made.
  virtual bool seen(uint32_t /*table*/, uint32_t /*position*/) const { return true; }
  const float* row(uint32_t table, uint32_t position) const {
    return RowsFrom(table, position).data();
  }
};

// How long a worker waits for servers, and for other workers in a sum. It is longer than a server
// waits for other workers, so that the server's reason arrives. It is the same for both, so that
// the worker that waits for the one that does not answer says so before others give up on that
// worker.
double CallSeconds(double deadline_seconds);

class PsClient {
 public:
  virtual ~PsClient() = default;
  // servers[s] owns the logical shards [s * shards / servers, (s + 1) * shards / servers).
  // REQUIRES: there are servers and tables, and all numbers of the options but worker, pull_ahead
  // and seed are above 0.
  static std::unique_ptr<PsClient> Create(const PsClientOptions& options,
                                          const std::vector<TableSpec>& tables,
                                          std::vector<std::unique_ptr<Channel>> servers);

  // Sends the frames of step `step`, one after the other without gaps, and returns at once. `keys`
  // are those of `step`, by table instance; all are empty past the last step. `gradients` are those
  // of step `step - 1 - pull_ahead`, whose keys an earlier Send gave; null as long as this run has
  // computed no such step (in its first frames, also after a resume). What they view is copied.
  // Error: kFailedPrecondition if the keys of the gradients were never sent.
  virtual Status Send(uint64_t step, const std::vector<TableKeys>& keys,
                      std::unique_ptr<StepGradients> gradients,
                      const SnapshotRequest* snapshot) = 0;
  // Waits for all servers' replies to `step`. Error: the first failure, naming the server.
  virtual Result<std::shared_ptr<const PulledRows>> Wait(uint64_t step) = 0;

  // The next frame is that of step + 1, as if the run began there: the first 1 + pull_ahead bring no
  // gradients. Every worker calls it, when all workers have waited for all replies, of which the
  // last but pull_ahead brought the gradients of `step`; no worker sends a frame before the one that
  // `tells` the servers has returned. Error: kFailedPrecondition, a server has no such state.
  virtual Status ContinueAfter(uint64_t step, bool tells) = 0;
  // Asks every server whether it still serves. Error: that of a server that does not.
  virtual Status Ping() = 0;

  // Rows as they are now. Creates none: unseen keys read as TableConfig.unseen says.
  virtual Result<std::shared_ptr<const PulledRows>> Read(const std::vector<TableKeys>& keys) = 0;

  // The files of the snapshot of `step` once every server has finished it, and none before. Without
  // `wait` it uses what step replies have brought; with it, it asks the servers until
  // storage_seconds are over. Errors: that of a server whose snapshot failed, and of a step that was
  // sent and failed.
  virtual Result<std::vector<SnapshotFile>> SnapshotFiles(uint64_t step, bool wait) = 0;

  // Sends a restore (control_meta: a serialised wire::ControlMeta with one) to every server, and
  // returns at once.
  virtual void BeginRestore(const std::string& control_meta) = 0;
  // Waits `seconds` at most, and returns whether every server has restored its shards. After true,
  // or after an error, the restore is over. Error: the first failure, naming the server;
  // kDeadlineExceeded past storage_seconds.
  virtual Result<bool> RestoreEnded(double seconds) = 0;

  // Bytes of all frames so far, metas and arrays.
  virtual uint64_t bytes_sent() const = 0;
  virtual uint64_t bytes_received() const = 0;
  // Numbers of all frames so far.
  virtual uint64_t frames_sent() const = 0;
  virtual uint64_t frames_received() const = 0;
};

}  // namespace chorus::worker
