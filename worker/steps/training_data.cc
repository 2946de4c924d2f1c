#include "worker/steps/training_data.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "worker/log/labels.h"
#include "worker/metrics/doubts.h"
#include "worker/objective/objective.h"
#include "worker/steps/log_labels.h"
#include "worker/steps/sequence_lengths.h"
#include "worker/steps/step_view.h"

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

// The counts of as many exposures as weights make of them: a log of which negatives are a tenth has
// other rates than what it was drawn from. Blocks evenly spread over the log tell the weights.
Status WeighLabels(const LogReader& log, DataConfig::Rows rows, LabelCounts* labels) {
  constexpr size_t kMostBlocks = 64;
  const size_t blocks = log.blocks().size(), read = std::min(blocks, kMostBlocks);
  double all = 0, clicked = 0, converted = 0;
  Batch batch;
  for (size_t i = 0; i < read; ++i) {
    RETURN_IF_ERROR(log.ReadBlock(static_cast<uint32_t>(i * blocks / read), &batch));
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      const bool click = batch.click[row] != 0;
      if (rows == DataConfig::CLICKED && !click) continue;
      const auto weight = static_cast<double>(batch.weight[row]);
      all += weight;
      if (click) clicked += weight;
      if (click && batch.conversion[row] != 0) converted += weight;
    }
  }
  if (!(all > 0) || !std::isfinite(all)) return Status::Ok();
  const double exposures = static_cast<double>(labels->exposures);
  labels->clicks = static_cast<uint64_t>(std::round(exposures * (clicked / all)));
  labels->conversions = static_cast<uint64_t>(std::round(exposures * (converted / all)));
  return Status::Ok();
}

// Of a log that is followed.
bool StepsAreLeft(const TrainConfig& config, uint64_t done_steps) {
  const uint64_t wanted = config.data().max_steps();
  return wanted == 0 || done_steps < wanted;
}

Result<TrainingData> Plan(const TrainConfig& config, std::unique_ptr<LogReader> log,
                          uint32_t stages, const ReadingOptions& order) {
  ASSIGN_OR_RETURN(std::unique_ptr<ReadingPlan> plan, ReadingPlan::Make(*log, order));
  const uint64_t all = plan->total_steps(), wanted = config.data().max_steps();
  const uint64_t last_step = wanted > 0 ? std::min(all, wanted) : all;
  StagePlan stage_plan(*plan, stages, config.data().epochs(), last_step);
  LabelCounts labels = CountLabels(*log, plan->counts().kept_rows);
  if (log->schema().has_weight && config.model().start() == ModelConfig::BASE_RATE) {
    RETURN_IF_ERROR(WeighLabels(*log, config.data().rows(), &labels));
  }
  return TrainingData{
      std::move(log), std::move(plan), std::move(stage_plan),
      labels,         last_step,       std::min(all, last_step + config.step().pull_ahead())};
}

}  // namespace

Result<TrainingData> OpenTrainingData(const TrainConfig& config, FileSystem& files) {
  const std::vector<std::string> paths(config.data().log().begin(), config.data().log().end());
  ASSIGN_OR_RETURN(std::unique_ptr<LogReader> log, LogReader::Open(files, paths));
  RETURN_IF_ERROR(CheckLabelled(log->schema()).Annotate(StrCat("data.log ", Join(paths, ", "))));
  ASSIGN_OR_RETURN(const auto objective, MakeObjective(config.objective(), config.seed()));
  const uint32_t stages = objective->shape().stages();
  return Plan(config, std::move(log), stages, TrainingOrder(config, stages));
}

Status CheckFollowable(const TrainConfig& config) {
  if (config.data().log_size() != 1) {
    return InvalidArgument(
        StrCat("data.follow_seconds: data.log names ", config.data().log_size(),
               " logs, and what grows is one folder: name it alone, or train the others first and "
               "go on from their model (warm_start.checkpoint)"));
  }
  ASSIGN_OR_RETURN(const auto objective, MakeObjective(config.objective(), config.seed()));
  if (objective->shape().stages() == 1) return Status::Ok();
  return InvalidArgument(StrCat("data.follow_seconds: ", std::string(objective->name()),
                                " is trained in ", objective->shape().stages(),
                                " stages, each of which reads the ",
                                "whole log: choose a method of one stage, or train what is there "
                                "without data.follow_seconds"));
}

Result<TrainingData> OpenFollowedFile(const TrainConfig& config, std::unique_ptr<LogReader> log,
                                      const FilePlace& place) {
  const std::string path = log->files().front();
  RETURN_IF_ERROR(CheckLabelled(log->schema()).Annotate(path));
  if (!log->labels().files.empty()) {
    return FailedPrecondition(
        StrCat(log->labels().files.front(), ": labels came to a log that is followed ",
               "(data.follow_seconds), and what is learnt of it would depend on when they came: ",
               "keep them in another folder, or train this one without data.follow_seconds"));
  }
  ReadingOptions options = TrainingOrder(config, 1);
  options.steps_before = place.steps_before;
  options.epochs_before = place.files_before;
  options.may_be_empty = place.files_before > 0;
  Result<TrainingData> data = Plan(config, std::move(log), 1, options);
  if (!data.ok()) return data.status().Annotate(path);
  data->followed = true;
  data->goes_on = StepsAreLeft(config, data->last_step);
  return data;
}

TrainingData BetweenFiles(const TrainConfig& config, uint64_t done_steps) {
  const bool goes_on = StepsAreLeft(config, done_steps);
  return TrainingData{nullptr,    nullptr,    StagePlan(done_steps), {},
                      done_steps, done_steps, /*followed=*/true,     goes_on};
}

std::string DoubtOfBlocks(size_t blocks, uint32_t workers, const TrainConfig& config) {
  const uint32_t grains = config.step().grains_per_step();
  if (config.data().order() != DataConfig::SHUFFLED || blocks >= grains) return "";
  if (workers == 1 && 2 * blocks >= grains) return "";
  return StrCat(
      "the log has ", blocks, blocks == 1 ? " block" : " blocks", ", and a step ", grains,
      " grains, which read blocks of their own: the others stay empty, steps are smaller ",
      "than is set", workers > 1 ? ", and some workers have less to do" : "",
      ". Write smaller blocks (block_rows), or set step.grains_per_step");
}

void Announce(const TrainConfig& config, const TrainingData& data, uint32_t workers) {
  const ReadingCounts counts = data.plan->counts();
  const uint32_t stages = data.stages.stages();
  LogInfo(data.followed ? StrCat("file ", data.log->files().front(), ": ") : "log: ", counts.rows,
          " exposures, ", counts.kept_rows, " kept; dropped ", counts.dropped_unclicked_conversions,
          " conversions without click, ", counts.filtered_rows, " by the row filter; ",
          data.last_step, data.followed ? " steps until its end" : " steps planned",
          stages > 1 ? StrCat(" in ", stages, " stages") : "");
  if (const auto& ignored = data.log->ignored_columns(); !ignored.empty()) {
    LogWarning("columns that ", data.log->files().front(),
               " has not are ignored in other files: ", Join(ignored, ", "));
  }
  const std::string few = data.followed ? "" : DoubtOfSteps(data.last_step);
  if (!few.empty()) LogWarning(few);
  // One file of many may well be without conversions.
  const std::string labels = data.followed ? ""
                                           : DoubtOfLogLabels(data.log->blocks(), config,
                                                              data.log->schema().has_conversion);
  if (!labels.empty()) LogWarning(labels);
  for (const std::string& doubt :
       {DoubtOfView(data.log->blocks(), config), DoubtOfSequences(*data.log, config),
        DoubtOfBlocks(data.log->blocks().size(), workers, config)}) {
    if (!doubt.empty()) LogWarning(doubt);
  }
  const uint32_t last_stage = data.stages.StageOf(data.last_step) + 1;
  if (last_stage < stages) {
    LogWarning("data.max_steps ends training in stage ", last_stage, " of ", stages,
               ": the towers of later stages stay untrained");
  }
}

}  // namespace chorus::worker
