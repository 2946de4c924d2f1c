#pragma once
// The rows of all table instances in one logical shard, and what one step does to them.
// Thread safety: none; the owner thread makes every call.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "common/status.h"
#include "common/wire.pb.h"
#include "ps/gradient_combiner.h"
#include "ps/row_updater.h"
#include "ps/server_shape.h"
#include "ps/shard_file.h"
#include "ps/shard_snapshot.h"
#include "ps/step_state.h"
#include "ps/table.h"
#include "ps/table_type.h"

namespace chorus::ps {

// An owner thread's tools and scratch memory, shared by its shards.
struct ShardWorkspace {
  explicit ShardWorkspace(const std::vector<TableType>& types) {
    for (const TableType& type : types) updaters.emplace_back(&type);
  }

  std::vector<RowUpdater> updaters;  // [table]
  GradientCombiner combiner;
  std::vector<WorkerRows> worker_rows;
  std::vector<GradientTerm> terms;
};

class Shard {
 public:
  // local: this shard's number among the server's.
  Shard(uint32_t local, const ServerShape* shape, const std::vector<TableType>* types,
        MemoryBudget* budget);

  // Applies the gradients in `with_gradients` (frames of step `keys_of.step` + 1 + pull_ahead) to
  // the rows that the frames of `keys_of` looked up. Frozen tables are left as they are. Error:
  // kFailedPrecondition, which names table and key, when a row is not finite afterwards.
  Status Apply(const StepState& with_gradients, const StepState& keys_of,
               ShardWorkspace* workspace);
  // Finds or creates the rows of `step` and copies their weights into its replies. Error:
  // kResourceExhausted, or kFailedPrecondition if a resumed run asks for other keys than its
  // checkpoint's run did.
  Status LookUp(StepState* step);
  // Copies the weights of all keys of this shard to their places. weights: [table], [n, dim].
  void Read(const ReadRequest& request, const std::vector<ByteArray>& arrays) const;

  // pending: the steps after `step` whose rows replies hold already, in order.
  void BeginSnapshot(uint32_t id, uint64_t step, std::vector<std::shared_ptr<StepState>> pending);
  ShardSnapshot* snapshot() { return snapshot_.get(); }  // null while none is written
  void EndSnapshot() { snapshot_.reset(); }

  void Clear();                               // forgets every row, and drops a running snapshot
  void ForgetPending() { pending_.clear(); }  // drops the answers kept for steps to come
  // Adds the rows of `file` that belong here and that the restore asks for, and its pending rows if
  // the mode is RESUME and every row is restored.
  Status Load(const ShardFile& file, const wire::RestoreMeta& restore);

 private:
  Status LoadRows(const ShardFile& file, uint32_t file_table, uint32_t table,
                  const wire::RestoreMeta& restore);
  Status LoadPending(const ShardFile& file, const std::vector<int>& file_tables);
  Status UsePending(StepState* step);
  bool Owns(Key key) const {
    return ShardOf(key, shape_.job.shards()) == shape_.first_shard + local_;
  }

  const uint32_t local_;
  const ServerShape& shape_;
  std::deque<Table> tables_;
  std::unique_ptr<ShardSnapshot> snapshot_;
  // After a resume: what the checkpoint's run had already been sent, by step, then [table].
  std::map<uint64_t, std::vector<PendingRows::TableRows>> pending_;
};

}  // namespace chorus::ps
