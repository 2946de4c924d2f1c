#include "worker/steps/training_data.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "worker/log/labels.h"
#include "worker/objective/objective.h"

namespace chorus::worker {

ReadingOptions TrainingOrder(const TrainConfig& config, uint32_t stages) {
  ReadingOptions options;
  options.seed = config.seed();
  options.order = config.data().order();
  options.rows = config.data().rows();
  options.unclicked_conversion = config.data().unclicked_conversion();
  options.epochs = config.data().epochs() * stages;
  options.context_chunk = config.data().context_chunk();
  options.window_blocks = config.data().window_blocks();
  options.grain_rows = config.step().grain_rows();
  options.grains_per_step = config.step().grains_per_step();
  return options;
}

namespace {

// Clicks and conversions of clicks are kept by every policy and filter.
LabelCounts CountLabels(const LogReader& log, uint64_t kept_rows) {
  LabelCounts labels;
  labels.exposures = kept_rows;
  for (const BlockInfo& block : log.blocks()) {
    labels.clicks += block.clicks;
    labels.conversions += block.conversions;
  }
  return labels;
}

}  // namespace

Result<TrainingData> OpenTrainingData(const TrainConfig& config, FileSystem& files) {
  const std::vector<std::string> paths(config.data().log().begin(), config.data().log().end());
  ASSIGN_OR_RETURN(std::unique_ptr<LogReader> log, LogReader::Open(files, paths));
  RETURN_IF_ERROR(CheckLabelled(log->schema()).Annotate(StrCat("data.log ", Join(paths, ", "))));
  ASSIGN_OR_RETURN(const auto objective, MakeObjective(config.objective(), config.seed()));
  const uint32_t stages = objective->shape().stages();
  ASSIGN_OR_RETURN(std::unique_ptr<ReadingPlan> plan,
                   ReadingPlan::Make(*log, TrainingOrder(config, stages)));
  const uint64_t all = plan->total_steps(), wanted = config.data().max_steps();
  const uint64_t last_step = wanted > 0 ? std::min(all, wanted) : all;
  StagePlan stage_plan(*plan, stages, config.data().epochs(), last_step);
  const LabelCounts labels = CountLabels(*log, plan->counts().kept_rows);
  return TrainingData{
      std::move(log), std::move(plan), std::move(stage_plan),
      labels,         last_step,       std::min(all, last_step + config.step().pull_ahead())};
}

void Announce(const TrainConfig& config, const TrainingData& data) {
  const ReadingCounts counts = data.plan->counts();
  const uint32_t stages = data.stages.stages();
  LogInfo("log: ", counts.rows, " exposures, ", counts.kept_rows, " kept; dropped ",
          counts.dropped_unclicked_conversions, " conversions without click, ",
          counts.filtered_rows, " by the row filter; ", data.last_step, " steps planned",
          stages > 1 ? StrCat(" in ", stages, " stages") : "");
  if (const auto& ignored = data.log->ignored_columns(); !ignored.empty()) {
    LogWarning("columns that ", data.log->files().front(),
               " has not are ignored in other files: ", Join(ignored, ", "));
  }
  constexpr uint64_t kFewSteps = 100;
  if (data.last_step < kFewSteps) {
    LogWarning("only ", data.last_step, data.last_step == 1 ? " step" : " steps",
               ": a model rarely learns in fewer than ", kFewSteps,
               "; make steps smaller (step.grain_rows, step.grains_per_step) or raise data.epochs");
  }
  const size_t blocks = data.log->blocks().size();
  if (config.data().order() == DataConfig::SHUFFLED && blocks < config.step().grains_per_step()) {
    LogWarning("the log has ", blocks, blocks == 1 ? " block" : " blocks", ", and a step ",
               config.step().grains_per_step(),
               " grains, which read blocks of their own: the others stay empty. Write smaller ",
               "blocks (block_rows), or set step.grains_per_step");
  }
  const uint32_t last_stage = data.stages.StageOf(data.last_step) + 1;
  if (last_stage < stages) {
    LogWarning("data.max_steps ends training in stage ", last_stage, " of ", stages,
               ": the towers of later stages stay untrained");
  }
}

}  // namespace chorus::worker
