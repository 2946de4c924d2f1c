#include "ps/shard.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/finite.h"
#include "common/strings.h"

namespace chorus::ps {
namespace {

// Those of `keys` that belong to a local shard.
std::span<const Key> KeysIn(const RequestKeys& keys, uint32_t local) {
  return keys.keys.subspan(keys.begins[local], keys.begins[local + 1] - keys.begins[local]);
}

// The part of a node's gradients that falls on keys [begin, end).
GradientTerm TermIn(const RequestNode& node, uint32_t worker, uint32_t begin, uint32_t end,
                    uint32_t dim) {
  GradientTerm term;
  term.worker = worker;
  term.node = node.node;
  term.all = node.all;
  term.first_position = begin;
  size_t skipped = begin;
  if (!node.all) {
    const auto first = std::lower_bound(node.positions.begin(), node.positions.end(), begin);
    const auto last = std::lower_bound(first, node.positions.end(), end);
    skipped = static_cast<size_t>(first - node.positions.begin());
    term.positions = node.positions.subspan(skipped, static_cast<size_t>(last - first));
  }
  term.gradients = node.gradients.data() + skipped * dim;
  return term;
}

// The `pending` part of one step for one shard: what any worker's reply holds, by key. A key that
// several workers asked for is written once, so that the bytes do not depend on who asked.
void AppendPendingStep(const StepState& step, uint32_t local, const std::vector<uint32_t>& dims,
                       std::string* out) {
  AppendValue(out, step.step);
  for (size_t table = 0; table < dims.size(); ++table) {
    std::vector<std::pair<Key, const float*>> rows;
    for (const WorkerStep& worker : step.workers) {
      const RequestKeys& request = worker.request->tables[table];
      const auto weights = worker.weights[table].As<float>();
      for (uint32_t i = request.begins[local]; i < request.begins[local + 1]; ++i) {
        rows.emplace_back(request.keys[i], weights.data() + size_t{i} * dims[table]);
      }
    }
    const auto less = [](const auto& a, const auto& b) { return a.first < b.first; };
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    std::sort(rows.begin(), rows.end(), less);  // equal keys have equal weights
    rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
    AppendValue(out, uint64_t{rows.size()});
    for (const auto& row : rows) AppendValue(out, row.first);
    for (const auto& row : rows) {
      out->append(reinterpret_cast<const char*>(row.second), dims[table] * sizeof(float));
    }
    PadTo8(out, rows.size() * dims[table] * sizeof(float));
  }
}

// The error of a row that is not finite after an update: its gradient was finite, but too large for
// float32.
Status NotFinite(const Table& table, const RowHeader& row, uint64_t step) {
  const uint32_t dim = table.type().layout.dim;
  const bool weights = !AllFinite({row.weights(), dim});
  return FailedPrecondition(
      StrCat("step ", step, " made ", weights ? "weights" : "optimizer state",
             " that is not finite in table ", table.type().spec.name, ", key ", row.key,
             " (update ", row.count,
             " of that row): lower table.optimizer's lr, set "
             "table.clip_norm, or look for absurd values in the log (chorus inspect LOG)"));
}

}  // namespace

Shard::Shard(uint32_t local, const ServerShape* shape, const std::vector<TableType>* types,
             MemoryBudget* budget)
    : local_(local), shape_(*shape) {
  // All shards have about as many keys as each other, and so have the instances of a table that a
  // method has several times.
  uint32_t turn = shape->first_shard + local;
  for (const TableType& type : *types) {
    tables_.emplace_back(&type, budget, turn);
    turn += shape->job.shards();
  }
}

Status Shard::Apply(const StepState& with_gradients, const StepState& keys_of,
                    ShardWorkspace* workspace) {
  auto& terms = workspace->terms;
  auto& worker_rows = workspace->worker_rows;
  // Frozen tables, snapshot and learning rate belong to the step: any worker's frame has them.
  const auto& frozen = with_gradients.workers[0].request->meta.frozen_table();
  for (uint32_t t = 0; t < tables_.size(); ++t) {
    if (std::find(frozen.begin(), frozen.end(), t) != frozen.end()) continue;
    Table& table = tables_[t];
    const uint32_t dim = table.type().layout.dim;
    terms.clear();
    worker_rows.clear();
    for (uint32_t w = 0; w < keys_of.workers.size(); ++w) {
      const RequestKeys& keys = keys_of.workers[w].request->tables[t];
      const uint32_t begin = keys.begins[local_];
      const uint32_t end = keys.begins[local_ + 1];
      // The rows that LookUp found, in the step of the keys: rows never move, and no key is
      // looked up a second time.
      worker_rows.push_back({std::span(keys_of.workers[w].rows[t]).subspan(begin, end - begin)});
      if (begin == end) continue;
      for (const RequestNode& node : with_gradients.workers[w].request->nodes) {
        if (node.table == t) terms.push_back(TermIn(node, w, begin, end, dim));
      }
    }
    RowUpdater& updater = workspace->updaters[t];
    updater.BeginStep(keys_of.step,
                      with_gradients.workers[0].request->meta.lr_factor(static_cast<int>(t)));
    const RowHeader* bad = nullptr;
    const auto apply = [&](RowHeader* row, uint32_t index, const float* gradient) {
      if (snapshot_ != nullptr) snapshot_->BeforeUpdate(t, index, row);
      if (!updater.Apply(row, gradient)) bad = row;
    };
    workspace->combiner.Combine(table, worker_rows, terms, shape_.job.grains_per_step(), apply);
    if (bad != nullptr) return NotFinite(table, *bad, keys_of.step);
  }
  return Status::Ok();
}

Status Shard::LookUp(StepState* step) {
  for (size_t t = 0; t < tables_.size(); ++t) {
    for (WorkerStep& worker : step->workers) {
      const RequestKeys& keys = worker.request->tables[t];
      const uint32_t begin = keys.begins[local_];
      float* const weights = worker.weights[t].As<float>().data() + size_t{begin} * shape_.dims[t];
      RETURN_IF_ERROR(
          tables_[t].LookUp(KeysIn(keys, local_), worker.rows[t].data() + begin, weights));
    }
  }
  return UsePending(step);
}

// A step that was pulled before the checkpoint's state existed gets the rows that it got then: they
// lack the last updates, as they did in the uninterrupted run.
Status Shard::UsePending(StepState* step) {
  const auto pending = pending_.find(step->step);
  if (pending == pending_.end()) return Status::Ok();
  for (size_t t = 0; t < tables_.size(); ++t) {
    const uint32_t dim = shape_.dims[t];
    const PendingRows::TableRows& rows = pending->second[t];
    for (WorkerStep& worker : step->workers) {
      const RequestKeys& keys = worker.request->tables[t];
      float* weights = worker.weights[t].As<float>().data() + size_t{keys.begins[local_]} * dim;
      for (const Key key : KeysIn(keys, local_)) {
        const auto at = std::lower_bound(rows.keys.begin(), rows.keys.end(), key);
        if (at == rows.keys.end() || *at != key) {
          return FailedPrecondition(StrCat(
              "step ", step->step, " asks for key ", key, " of table ", tables_[t].type().spec.name,
              ", which the checkpoint's run did not pull in that step"));
        }
        const size_t found = static_cast<size_t>(at - rows.keys.begin());
        std::memcpy(weights, rows.weights.data() + found * dim, dim * sizeof(float));
        weights += dim;
      }
    }
  }
  pending_.erase(pending);
  return Status::Ok();
}

void Shard::Read(const ReadRequest& request, const std::vector<ByteArray>& arrays) const {
  for (size_t t = 0; t < tables_.size(); ++t) {
    ByteArray rows = arrays[t], seen = arrays[tables_.size() + t];
    const RequestKeys& keys = request.tables[t];
    const size_t begin = keys.begins[local_];
    tables_[t].Read(KeysIn(keys, local_), rows.As<float>().data() + begin * shape_.dims[t],
                    seen.As<uint8_t>().data() + begin);
  }
}

void Shard::BeginSnapshot(uint32_t id, uint64_t step,
                          std::vector<std::shared_ptr<StepState>> pending) {
  SnapshotPlan plan;
  plan.id = id;
  plan.step = step;
  plan.shard = shape_.first_shard + local_;
  plan.shards = shape_.job.shards();
  plan.pending_steps = static_cast<uint32_t>(pending.size());
  plan.append_pending = [local = local_, &dims = shape_.dims,
                         steps = std::move(pending)](std::string* out) {
    for (const auto& state : steps) AppendPendingStep(*state, local, dims, out);
  };
  snapshot_ = std::make_unique<ShardSnapshot>(std::move(plan), &tables_);
}

void Shard::Clear() {
  snapshot_.reset();
  pending_.clear();
  for (Table& table : tables_) table.Clear();
}

}  // namespace chorus::ps
