#include "launch/gpu/step_data.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "common/strings.h"
#include "worker/log/log_reader.h"
#include "worker/steps/training_data.h"

namespace chorus::gpu {
namespace {

using namespace worker;

// The keys of a table instance.
const std::vector<Key>& KeysOf(const StepBatch& batch, size_t table) {
  return batch.keys[table].keys;
}

size_t TablesOfStep(const StepData& data) {
  return data.model.dims.size() / data.objective->shape().groups.size();
}

// Share of the last step's keys that are among those of the steps from `begin` on before it;
// *count: how many these have.
double ShareSeen(const StepData& data, size_t begin, uint64_t* count) {
  const StepBatch& last = *data.steps.back();
  uint64_t keys = 0, seen = 0;
  *count = 0;
  for (size_t table = 0; table < TablesOfStep(data); ++table) {
    std::unordered_set<Key> before;
    for (size_t s = begin; s + 1 < data.steps.size(); ++s) {
      before.insert(KeysOf(*data.steps[s], table).begin(), KeysOf(*data.steps[s], table).end());
    }
    *count += before.size();
    for (const Key key : KeysOf(last, table)) seen += before.count(key);
    keys += KeysOf(last, table).size();
  }
  return keys == 0 ? 0.0 : static_cast<double>(seen) / static_cast<double>(keys);
}

uint64_t KeysOfSide(const FeatureColumns& side) {
  uint64_t keys = 0;
  for (const SlotColumn& slot : side.slots) keys += slot.keys.size();
  return keys;
}

// Makes the batch what the trainer's reader would have made in a stage: without keys in groups of
// later stages.
void MakeOfStage(const Objective& objective, size_t tables, uint32_t stage, StepBatch* batch) {
  batch->stage = stage;
  for (size_t i = 0; i < batch->keys.size(); ++i) {
    if (objective.shape().groups[i / tables].stage > stage) batch->keys[i] = TableKeys();
  }
}

}  // namespace

StepReaderOptions ReaderOptionsOf(const TrainConfig& config, const StepData& data) {
  StepReaderOptions options;
  options.grains = data.grains;
  options.slot_reads = data.model.inputs.slot_reads;
  options.tables = data.model.inputs.tables;
  options.objective = data.objective.get();
  options.shards = config.cluster().shards();
  return options;
}

Result<StepData> ReadStepData(const TrainConfig& config, FileSystem& files, GrainRange grains,
                              uint32_t steps, uint32_t stage) {
  StepData data;
  data.grains = grains;
  const std::vector<std::string> paths(config.data().log().begin(), config.data().log().end());
  ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> log, LogReader::Open(files, paths));
  data.schema = log->schema();
  ASSIGN_OR_RETURN(data.objective, MakeObjective(config.objective(), config.seed()));
  ASSIGN_OR_RETURN(data.model, Model::Make(config, data.schema, data.objective->shape()));
  ASSIGN_OR_RETURN(const std::unique_ptr<ReadingPlan> plan,
                   ReadingPlan::Make(*log, TrainingOrder(config, 1)));
  StepReaderOptions options = ReaderOptionsOf(config, data);
  options.last_step = std::min<uint64_t>(steps, plan->total_steps());
  if (options.last_step == 0) return InvalidArgument("the log has no step");
  StepReader reader(*plan, options);
  for (uint64_t step = 1; step <= options.last_step; ++step) {
    ASSIGN_OR_RETURN(std::unique_ptr<StepBatch> batch, reader.Next());
    MakeOfStage(*data.objective, data.model.inputs.tables, stage, batch.get());
    data.steps.push_back(std::move(batch));
  }
  return data;
}

Status CheckFull(const TrainConfig& config, const StepData& data, uint32_t steps) {
  const uint64_t grain_rows = config.step().grain_rows();
  const uint64_t full = grain_rows * (data.grains.end - data.grains.begin);
  for (size_t step = 0; step < steps; ++step) {
    uint64_t rows = 0;
    if (step < data.steps.size()) {
      for (const Batch& grain : data.steps[step]->grains) rows += grain.rows();
    }
    if (rows == full) continue;
    return InvalidArgument(StrCat(
        "the log has ", rows, " of the ", full, " exposures of grains ", data.grains.begin, " to ",
        data.grains.end - 1, ", which read blocks of their own, in step ", step + 1, " of ", steps,
        ": give a longer one, or fewer steps, fewer GPUs or a smaller "
        "step.grain_rows (",
        grain_rows, ")"));
  }
  return Status::Ok();
}

StepShape ShapeOf(const StepData& data) {
  StepShape shape;
  const StepBatch& last = *data.steps.back();
  for (const Batch& grain : last.grains) {
    shape.exposures += grain.rows();
    shape.contexts += grain.contexts.rows;
    shape.keys += KeysOfSide(grain.contexts) + KeysOfSide(grain.exposures);
  }
  for (size_t table = 0; table < TablesOfStep(data); ++table) {
    shape.unique_keys += KeysOf(last, table).size();
  }
  if (data.steps.size() > 1) {
    shape.of_last_step = ShareSeen(data, data.steps.size() - 2, &shape.keys_of_last_steps);
    shape.of_last_steps = ShareSeen(data, 0, &shape.keys_of_last_steps);
  }
  return shape;
}

uint64_t UniqueKeys(const std::vector<const StepBatch*>& parts, size_t tables) {
  uint64_t count = 0;
  for (size_t table = 0; table < tables; ++table) {
    std::unordered_set<Key> keys;
    for (const StepBatch* part : parts) {
      keys.insert(KeysOf(*part, table).begin(), KeysOf(*part, table).end());
    }
    count += keys.size();
  }
  return count;
}

ZeroRows::ZeroRows(const std::vector<uint32_t>& dims)
    : dims_(dims), zeros_(dims.empty() ? 0 : kRows * *std::max_element(dims.begin(), dims.end())) {}

}  // namespace chorus::gpu
