#include "launch/plan/worker_memory.h"

#include <algorithm>

#include "worker/engine/cpu/grain_compute.h"
#include "worker/model/dense_weights.h"

namespace chorus::launch {
namespace {

// Arrays that grow by doubling have, in the mean over their sizes, 1 / ln 2 times the room that
// they use.
constexpr double kGrown = 1.44;

void AddPart(const std::string& name, double bytes, std::vector<PlanPart>* parts) {
  if (bytes < 1) return;
  PlanPart& part = parts->emplace_back();
  part.set_name(name);
  part.set_bytes(static_cast<uint64_t>(bytes));
}

// Decoded blocks: a window of each of the worker's lanes, or one for all in sequential order.
double WindowBytes(const PlannedJob& job, const WorkerHolds& holds) {
  const auto& blocks = job.data.log->blocks();
  double rows = 0, contexts = 0;
  for (const worker::BlockInfo& block : blocks) {
    rows += block.rows;
    contexts += block.contexts;
  }
  const bool shuffled = job.config.data().order() == DataConfig::SHUFFLED;
  const double lanes = shuffled ? holds.grains : 1;
  const double held = job.config.data().window_blocks() * lanes /
                      std::max<double>(1, static_cast<double>(blocks.size()));
  // A lane has its part of the blocks, and no more.
  const double most =
      shuffled ? static_cast<double>(holds.grains) / job.config.step().grains_per_step() : 1;
  // Besides a row's columns there is its place in the order of the window: 8 bytes.
  return kGrown * std::min(held, most) *
         (contexts * holds.context_bytes + rows * (holds.exposure_bytes + 8));
}

}  // namespace

std::vector<PlanPart> WorkerMemory(const PlannedJob& job, const WorkerHolds& holds) {
  const auto parameters = static_cast<double>(job.model.parameters().size());
  double row_floats = 0;
  for (const worker::GroupPlan& group : job.model.network.groups) {
    row_floats += group.graph.FloatsOfRow();
  }
  worker::DenseWeights weights(job.config, job.model.parameters());
  const double states = static_cast<double>(weights.state().size());
  const bool keeps = worker::MostPartials(*job.objective) > 0;
  const double spaces = keeps ? holds.grains : std::min(holds.threads, holds.grains);
  const double ahead = job.config.step().pull_ahead();
  // Two steps that are ready, those being read, the one that is trained and those whose rows are
  // pulled.
  const double batches = 2 + holds.reader_threads + 1 + ahead;
  const double rows_of_gradients = holds.grains + (holds.nodes > 1 ? holds.nodes : 0) + 1;
  const double share = holds.workers > 1 ? static_cast<double>(holds.all_nodes) / holds.workers : 0;
  std::vector<PlanPart> parts;
  AddPart("process", static_cast<double>(kWorkerProcessBytes), &parts);
  AddPart("dense weights and optimizer", 4 * parameters * (1 + states), &parts);
  if (!holds.on_device) {
    AddPart("dense gradients", 4 * parameters * (rows_of_gradients + share), &parts);
    AddPart("activations",
            4 * row_floats * spaces * static_cast<double>(job.config.step().grain_rows()), &parts);
  }
  AddPart("decoded log", WindowBytes(job, holds), &parts);
  AddPart("steps read ahead", kGrown * batches * holds.batch_bytes, &parts);
  AddPart("gradients of rows",
          (holds.on_device ? 0 : holds.grain_gradient_bytes) + holds.gradient_bytes, &parts);
  AddPart("frames", (2 + ahead) * holds.frame_bytes, &parts);
  return parts;
}

}  // namespace chorus::launch
