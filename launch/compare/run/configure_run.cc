#include "launch/compare/run/configure_run.h"

#include <optional>
#include <utility>

#include "common/config.h"
#include "common/strings.h"
#include "launch/compare/run/finished_runs.h"
#include "worker/model/embeddings.h"
#include "worker/train/warm_towers.h"

namespace chorus::launch {
namespace {

// Older builds took the default of data.window_blocks, which this build fits to the log: their runs
// keep it. CheckSameJob compares all other settings.
void KeepWindow(FileSystem& files, const PlannedRun& run, TrainConfig* written) {
  if (written->data().has_window_blocks() || !files.Exists(run.JobPath())) return;
  const Result<TrainConfig> made = LoadJob(run);
  if (!made.ok()) return;
  const auto defaults = Defaults<DataConfig>();
  if (made->data().window_blocks() != defaults.window_blocks()) return;
  written->mutable_data()->set_window_blocks(defaults.window_blocks());
}

// Sets the fields that nobody has written in a run's job.
void FitRun(FileSystem& files, const worker::LogSize& size, worker::FitRules rules,
            TrainConfig* written, PlannedRun* run) {
  std::optional<worker::FittedSetting> towers;
  if (rules != worker::FitRules::kWithoutTowers) {
    const auto taken = worker::TakeTowersOfWarmStart(files, written);
    run->not_fitted = !taken.ok();  // the warm start says why
    if (taken.ok()) towers = *taken;
  }
  run->fitted = worker::FitSettings(size, written, rules);
  if (towers.has_value()) run->fitted.push_back(*towers);
}

}  // namespace

const Result<worker::LogSize>& LogSizes::Of(const LogPaths& paths) {
  const std::vector<std::string> key(paths.begin(), paths.end());
  const auto known = sizes_.find(key);
  if (known != sizes_.end()) return known->second;
  const auto log = OpenLog(files_, paths);
  return sizes_
      .emplace(key, log.ok() ? Result<worker::LogSize>(worker::SizeOf(**log)) : log.status())
      .first->second;
}

Status ConfigureRun(const ComparePlan& plan, const CompareMethod& method, LogSizes* sizes,
                    PlannedRun* run) {
  const CompareData& data = plan.config.data(run->fold);
  const LogPaths& log = method.potential() ? data.potential() : data.train();
  const auto fit = [&](TrainConfig* written) -> Status {
    const Result<worker::LogSize>& size = sizes->Of(log);
    run->not_fitted = !size.ok();  // the reader of the log says why
    if (size.ok()) KeepWindow(sizes->files(), *run, written);
    if (size.ok()) FitRun(sizes->files(), *size, plan.rules, written, run);
    return Status::Ok();
  };
  ASSIGN_OR_RETURN(
      TrainConfig job,
      MethodConfig(plan.config, method, plan.config.fit_settings() ? FillUnwritten(fit) : nullptr));
  job.set_seed(run->seed);
  *job.mutable_data()->mutable_log() = log;
  const bool judged = run->setting >= 0;
  *job.mutable_evaluate()->mutable_log() = judged ? data.validation() : data.test();
  job.mutable_evaluate()->set_oracle(judged ? "" : data.oracle());
  job.mutable_evaluate()->set_max_rows(0);  // runs are compared exposure by exposure
  CheckpointConfig* checkpoint = job.mutable_checkpoint();
  checkpoint->set_directory(JoinPath(run->folder, "checkpoint"));
  checkpoint->set_best(CheckpointConfig::NONE);  // every run is judged by its last model
  checkpoint->set_patience(0);
  job.mutable_report()->set_metrics(JoinPath(run->folder, "metrics.jsonl"));
  if (!job.report().tensorboard().empty()) {  // each run has curves of its own
    job.mutable_report()->set_tensorboard(
        JoinPath(job.report().tensorboard(), StrCat(method.name(), "/", BaseName(run->folder))));
  }
  if (!job.report().trace().file().empty()) {  // and a timeline
    job.mutable_report()->mutable_trace()->set_file(JoinPath(run->folder, "trace.json"));
  }
  RETURN_IF_ERROR(FinishTrainConfig(StrCat(plan.source, ": method ", method.name()), &job));
  RETURN_IF_ERROR(worker::ExpandEmbeddings(&job));
  run->config = std::move(job);
  return Status::Ok();
}

}  // namespace chorus::launch
