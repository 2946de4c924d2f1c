#include "perf/gpu_model/traffic.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "common/table_spec.h"
#include "launch/plan/counting_channel.h"
#include "perf/support/timing.h"
#include "worker/math/thread_pool.h"
#include "worker/servers/ps_client.h"

namespace chorus::perf {

using namespace gpu;
namespace {

using namespace worker;

void CountRows(const StepData& data, const StepGradients& gradients, ServerTraffic* traffic) {
  const StepBatch& batch = *data.steps.back();
  for (size_t i = 0; i < data.model.dims.size(); ++i) {
    const uint64_t pulled = batch.keys[i].keys.size();
    traffic->rows_pulled += pulled;
    traffic->floats_pulled += pulled * data.model.dims[i];
    for (const NodeGradient& node : gradients.tables[i]) {
      traffic->rows_pushed += node.positions.size();
      traffic->floats_pushed += node.gradients.size();
    }
  }
}

// A reader always gives shard counts; an instance without keys has none.
std::vector<TableKeys> KeysToSend(const StepBatch& batch, uint32_t shards) {
  std::vector<TableKeys> keys = batch.keys;
  for (TableKeys& table : keys) table.shard_counts.resize(shards);
  return keys;
}

}  // namespace

Result<ServerTraffic> TrafficOf(const TrainConfig& config, const StepData& data, const DryRun& dry,
                                uint32_t workers, uint32_t servers) {
  ServerTraffic traffic;
  PsClientOptions options;
  options.workers = workers;
  options.shards = config.cluster().shards();
  options.pull_ahead = 0;
  options.grains_per_step = config.step().grains_per_step();
  options.deadline_seconds = config.cluster().deadline_seconds();
  options.storage_seconds = 60 * config.checkpoint().deadline_minutes();
  const auto pool = ThreadPool::Create(config.compute().threads()).value();
  options.pool = pool.get();
  launch::FrameCount sent, received;
  std::vector<std::unique_ptr<Channel>> channels;
  for (uint32_t s = 0; s < servers; ++s) {
    channels.push_back(launch::NewCountingChannel(
        data.model.dims, uint64_t{config.cluster().max_part_kb()} << 10, &sent, &received));
  }
  const std::unique_ptr<PsClient> client = PsClient::Create(
      options, TablesOf(config, data.objective->shape().group_names()), std::move(channels));
  const std::vector<TableKeys> keys = KeysToSend(*data.steps.back(), options.shards);
  RETURN_IF_ERROR(client->Send(1, keys, nullptr, nullptr));
  RETURN_IF_ERROR(client->Wait(1).status());
  double best = 1e9;
  for (uint64_t step = 2; step < 5; ++step) {
    sent = received = {};
    auto gradients = std::make_unique<StepGradients>(*dry.gradients);
    const double begin = Seconds();
    RETURN_IF_ERROR(client->Send(step, keys, std::move(gradients), nullptr));
    RETURN_IF_ERROR(client->Wait(step).status());
    best = std::min(best, Seconds() - begin);
  }
  traffic.bytes_sent = sent.wire_bytes;
  traffic.bytes_received = received.wire_bytes;
  traffic.frames = sent.frames + received.frames;
  CountRows(data, *dry.gradients, &traffic);
  traffic.client_seconds = best;
  return traffic;
}

}  // namespace chorus::perf
