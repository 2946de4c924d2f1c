#include "launch/plan/worker_trace.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <span>
#include <utility>

#include "common/tree.h"
#include "worker/engine/step_gradients.h"
#include "worker/servers/key_segments.h"
#include "worker/servers/ps_client.h"
#include "worker/steps/step_reader.h"

namespace chorus::launch {
namespace {

using worker::NodeGradient;
using worker::StepBatch;
using worker::TableKeys;

// For each product of a forward pass, a backward pass makes two: for weights and for inputs.
constexpr double kForwardAndBackward = 3;

double FlopsOf(const PlannedJob& job, const StepBatch& batch, const StepLoad& load) {
  double flops = 0;
  for (const worker::GroupPlan& group : job.model.network.groups) {
    if (group.stage > batch.stage) continue;
    const worker::RowCost cost = group.graph.cost();
    const double forward = cost.exposure * static_cast<double>(load.exposures) +
                           cost.context * static_cast<double>(load.contexts);
    flops += (group.stage == batch.stage ? kForwardAndBackward : 1) * forward;
  }
  return flops;
}

uint64_t BytesOf(const worker::FeatureColumns& side) {
  uint64_t bytes = 0;
  for (const worker::SlotColumn& slot : side.slots) {
    bytes += slot.offsets.size() * 4 + slot.keys.size() * 8 + slot.values.size() * 4;
  }
  for (const auto& column : side.numerics) bytes += column.size() * 4;
  return bytes;
}

void AddBytes(const StepBatch& batch, StepLoad* load) {
  for (const worker::Batch& grain : batch.grains) {
    load->context_bytes += BytesOf(grain.contexts);
    // Besides features: the context, the row's number, labels; a group and a time.
    load->exposure_bytes += BytesOf(grain.exposures) + grain.rows() * 14 +
                            (grain.group.size() + grain.time.size()) * 8 + grain.weight.size() * 4;
  }
  load->batch_bytes = load->context_bytes + load->exposure_bytes;
  for (const worker::GrainPositions& grain : batch.positions) {
    for (const auto& column : grain.context) load->batch_bytes += column.size() * 4;
    for (const auto& column : grain.exposure) load->batch_bytes += column.size() * 4;
  }
  for (const TableKeys& keys : batch.keys) load->batch_bytes += keys.keys.size() * 8;
}

class Tracer {
 public:
  Tracer(const PlannedJob& job, uint32_t worker, uint32_t workers, uint32_t servers)
      : job_(job),
        servers_(servers),
        range_(GrainsOfWorker(worker, workers, job.config.step().grains_per_step())),
        nodes_(MaximalNodes(range_)),
        sent_(servers),
        received_(servers),
        no_keys_(job.tables.size()) {
    worker::PsClientOptions options;
    options.worker = worker;
    options.workers = workers;
    options.shards = job.config.cluster().shards();
    options.pull_ahead = job.config.step().pull_ahead();
    options.grains_per_step = job.config.step().grains_per_step();
    options.seed = job.config.seed();
    options.deadline_seconds = job.config.cluster().deadline_seconds();
    options.storage_seconds = 60 * job.config.checkpoint().deadline_minutes();
    std::vector<std::unique_ptr<Channel>> channels;
    for (uint32_t s = 0; s < servers; ++s) {
      channels.push_back(NewCountingChannel(job.model.dims,
                                            uint64_t{job.config.cluster().max_part_kb()} << 10,
                                            &sent_[s], &received_[s]));
    }
    client_ = worker::PsClient::Create(options, job.tables, std::move(channels));
    for (TableKeys& keys : no_keys_) keys.shard_counts.assign(options.shards, 0);
  }

  Result<WorkerTrace> Run(const std::function<void(const StepBatch&)>& on_step);

 private:
  worker::StepReaderOptions ReaderOptions() const {
    worker::StepReaderOptions options;
    options.grains = range_;
    options.slot_reads = job_.model.inputs.slot_reads;
    options.tables = job_.model.inputs.tables;
    options.objective = job_.objective.get();
    options.stages = &job_.data.stages;
    options.shards = job_.config.cluster().shards();
    options.last_step = job_.data.last_pulled;
    options.deadline_seconds = job_.config.cluster().deadline_seconds();
    return options;
  }
  void AddRows(const std::vector<TableKeys>& keys, std::vector<uint64_t>* rows) const;
  // Which rows of a table instance the grains of a node look up: ascending positions.
  std::vector<uint32_t> PositionsOf(const StepBatch& batch, uint32_t instance,
                                    const TreeNode& node) const;
  void AddGrainGradients(const StepBatch& batch, StepLoad* load) const;
  std::unique_ptr<worker::StepGradients> GradientsOf(const StepBatch& batch, StepLoad* load);

  const PlannedJob& job_;
  const uint32_t servers_;
  const GrainRange range_;
  const std::vector<TreeNode> nodes_;
  std::vector<FrameCount> sent_, received_;  // [servers], of the frame at hand
  std::vector<TableKeys> no_keys_;
  std::unique_ptr<worker::PsClient> client_;
  std::deque<std::vector<uint32_t>> positions_;  // the gradients at hand are views of these
  std::vector<float> zeros_;                     // likewise
};

void Tracer::AddRows(const std::vector<TableKeys>& keys, std::vector<uint64_t>* rows) const {
  const worker::KeySegments segments(keys, servers_, job_.config.cluster().shards());
  for (uint32_t table = 0; table < keys.size(); ++table) {
    for (uint32_t s = 0; s < servers_; ++s) {
      (*rows)[s] += segments.end(table, s) - segments.begin(table, s);
    }
  }
}

std::vector<uint32_t> Tracer::PositionsOf(const StepBatch& batch, uint32_t instance,
                                          const TreeNode& node) const {
  const worker::SlotReads& reads = job_.model.inputs.slot_reads;
  const uint32_t table = instance % job_.model.inputs.tables;  // groups hold the same keys
  std::vector<char> held(batch.keys[instance].keys.size(), 0);
  const auto mark = [&](const std::vector<worker::SlotRead>& side,
                        const std::vector<std::vector<uint32_t>>& positions) {
    for (size_t read = 0; read < side.size(); ++read) {
      if (side[read].table != table) continue;
      for (const uint32_t position : positions[read]) held[position] = 1;
    }
  };
  for (uint32_t g = node.begin; g < node.end(); ++g) {
    mark(reads.context, batch.positions[g - range_.begin].context);
    mark(reads.exposure, batch.positions[g - range_.begin].exposure);
  }
  std::vector<uint32_t> out;
  for (uint32_t p = 0; p < held.size(); ++p) {
    if (held[p] != 0) out.push_back(p);
  }
  return out;
}

// Each grain sums the gradients of its own rows before grains are added.
void Tracer::AddGrainGradients(const StepBatch& batch, StepLoad* load) const {
  const auto rows_of = [&](uint32_t instance) {
    for (uint32_t g = range_.begin; g < range_.end; ++g) {
      const size_t rows = PositionsOf(batch, instance, {g, 1}).size();
      load->grain_gradient_bytes += rows * (job_.model.dims[instance] + 1) * sizeof(float);
    }
    return std::vector<NodeGradient>();
  };
  worker::GradientsOfStage(job_.objective->shape(), job_.model.trainable_tables, batch.stage,
                           rows_of);
}

// Views of this object's memory, until the next call.
std::unique_ptr<worker::StepGradients> Tracer::GradientsOf(const StepBatch& batch, StepLoad* load) {
  positions_.clear();
  const uint32_t shards = job_.config.cluster().shards();
  const worker::KeySegments segments(batch.keys, servers_, shards);
  const auto sums = [&](uint32_t instance) {
    std::vector<NodeGradient> nodes;
    for (const TreeNode& node : nodes_) {
      positions_.push_back(PositionsOf(batch, instance, node));
      const std::vector<uint32_t>& held = positions_.back();
      const size_t floats = held.size() * job_.model.dims[instance];
      if (zeros_.size() < floats) zeros_.resize(floats);
      nodes.push_back({node, held, std::span<const float>(zeros_.data(), floats)});
      for (uint32_t s = 0; s < servers_; ++s) {
        const auto first = std::lower_bound(held.begin(), held.end(), segments.begin(instance, s));
        const auto last = std::lower_bound(first, held.end(), segments.end(instance, s));
        load->gradient_rows[s] += static_cast<uint64_t>(last - first);
      }
    }
    return nodes;
  };
  auto gradients = std::make_unique<worker::StepGradients>(worker::GradientsOfStage(
      job_.objective->shape(), job_.model.trainable_tables, batch.stage, sums));
  for (auto& nodes : gradients->tables) {
    for (NodeGradient& node : nodes) node.gradients = {zeros_.data(), node.gradients.size()};
  }
  gradients->lr_factors.assign(job_.tables.size(), 1.0f);
  return gradients;
}

Result<WorkerTrace> Tracer::Run(const std::function<void(const StepBatch&)>& on_step) {
  const uint64_t lag = 1 + uint64_t{job_.config.step().pull_ahead()};
  worker::StepReader reader(*job_.data.plan, ReaderOptions());
  std::deque<std::unique_ptr<StepBatch>> batches;  // whose gradients are to come
  WorkerTrace trace;
  for (uint64_t step = 1; step <= job_.data.last_step + lag; ++step) {
    StepLoad load(servers_);
    std::unique_ptr<StepBatch> batch;
    if (step <= job_.data.last_pulled) {
      ASSIGN_OR_RETURN(batch, reader.Next());
      for (const worker::Batch& grain : batch->grains) {
        load.exposures += grain.rows();
        load.contexts += grain.contexts.rows;
      }
      load.flops = FlopsOf(job_, *batch, load);
      AddBytes(*batch, &load);
      AddRows(batch->keys, &load.rows);
      AddGrainGradients(*batch, &load);
      if (on_step) on_step(*batch);
    }
    std::unique_ptr<worker::StepGradients> gradients;
    if (step > lag) gradients = GradientsOf(*batches.front(), &load);
    std::fill(sent_.begin(), sent_.end(), FrameCount());
    std::fill(received_.begin(), received_.end(), FrameCount());
    const std::vector<TableKeys>& keys = batch == nullptr ? no_keys_ : batch->keys;
    RETURN_IF_ERROR(client_->Send(step, keys, std::move(gradients), nullptr));
    RETURN_IF_ERROR(client_->Wait(step).status());
    load.sent = sent_;
    load.received = received_;
    trace.push_back(std::move(load));
    if (step > lag) {
      reader.Recycle(std::move(batches.front()));
      batches.pop_front();
    }
    if (batch != nullptr) batches.push_back(std::move(batch));
  }
  return trace;
}

}  // namespace

Result<WorkerTrace> TraceWorker(const PlannedJob& job, uint32_t worker, uint32_t workers,
                                uint32_t servers,
                                const std::function<void(const worker::StepBatch&)>& on_step) {
  return Tracer(job, worker, workers, servers).Run(on_step);
}

}  // namespace chorus::launch
