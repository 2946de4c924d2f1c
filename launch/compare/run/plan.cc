#include "launch/compare/run/plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "common/config.h"
#include "common/nearest_word.h"
#include "common/strings.h"
#include "launch/compare/run/failed_runs.h"
#include "launch/compare/run/finished_runs.h"
#include "launch/compare/run/logs.h"
#include "worker/model/embeddings.h"
#include "worker/train/best_checkpoint.h"

namespace chorus::launch {
namespace {

// The sizes of logs, each looked at once.
class LogSizes {
 public:
  explicit LogSizes(FileSystem& files) : files_(files) {}

  FileSystem& files() const { return files_; }

  const Result<worker::LogSize>& Of(const LogPaths& paths) {
    const std::vector<std::string> key(paths.begin(), paths.end());
    const auto known = sizes_.find(key);
    if (known != sizes_.end()) return known->second;
    const auto log = OpenLog(files_, paths);
    return sizes_
        .emplace(key, log.ok() ? Result<worker::LogSize>(worker::SizeOf(**log)) : log.status())
        .first->second;
  }

 private:
  FileSystem& files_;
  std::map<std::vector<std::string>, Result<worker::LogSize>> sizes_;
};

// Older builds had the default for data.window_blocks where this one fits the log: their runs keep
// it. Whatever else a run was made with, CheckSameJob compares.
void KeepWindow(FileSystem& files, const PlannedRun& run, TrainConfig* written) {
  if (written->data().has_window_blocks() || !files.Exists(run.JobPath())) return;
  const Result<TrainConfig> made = LoadJob(run);
  if (!made.ok()) return;
  const auto defaults = Defaults<DataConfig>();
  if (made->data().window_blocks() != defaults.window_blocks()) return;
  written->mutable_data()->set_window_blocks(defaults.window_blocks());
}

// Sets the run's configuration. method: the run's, with its settings.
Status Configure(const ComparePlan& plan, const CompareMethod& method, LogSizes* sizes,
                 PlannedRun* run) {
  const CompareData& data = plan.config.data(run->fold);
  const LogPaths& log = method.potential() ? data.potential() : data.train();
  const auto fit = [&](TrainConfig* written) -> Status {
    const Result<worker::LogSize>& size = sizes->Of(log);
    run->not_fitted = !size.ok();  // whoever reads the log says why
    if (size.ok()) KeepWindow(sizes->files(), *run, written);
    if (size.ok()) run->fitted = worker::FitSettings(*size, written);
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
  CheckpointConfig* checkpoint = job.mutable_checkpoint();
  checkpoint->set_directory(JoinPath(run->folder, "checkpoint"));
  checkpoint->set_best(CheckpointConfig::NONE);  // every run is judged by its last model
  checkpoint->set_patience(0);
  job.mutable_report()->set_metrics(JoinPath(run->folder, "metrics.jsonl"));
  if (!job.report().tensorboard().empty()) {  // each run has curves of its own
    job.mutable_report()->set_tensorboard(
        JoinPath(job.report().tensorboard(), StrCat(method.name(), "/", BaseName(run->folder))));
  }
  RETURN_IF_ERROR(FinishTrainConfig(StrCat(plan.source, ": method ", method.name()), &job));
  RETURN_IF_ERROR(worker::ExpandEmbeddings(&job));
  run->config = std::move(job);
  return Status::Ok();
}

std::string MethodFolder(const std::string& output, const CompareMethod& method) {
  return JoinPath(JoinPath(output, kRunsName), method.name());
}

std::string RunFolder(const std::string& output, const CompareMethod& method,
                      const CompareData& data, uint64_t seed) {
  return JoinPath(MethodFolder(output, method), StrCat("seed-", seed, "-", data.name()));
}

// The highest seed with a finished run of the configuration's methods and data sets.
Result<uint64_t> LastFinishedSeed(FileSystem& files, const CompareConfig& config,
                                  const std::string& output) {
  constexpr uint64_t kMostSeeds = 9999;
  uint64_t last = 0;
  for (const CompareMethod& method : config.method()) {
    if (!files.Exists(MethodFolder(output, method))) continue;
    ASSIGN_OR_RETURN(const auto names, files.List(MethodFolder(output, method)));
    for (const std::string& name : names) {
      const std::vector<std::string> parts = Split(name, '-');  // seed, S, FOLD
      const uint64_t seed = parts.size() > 1 ? ParseUint64(parts[1]).value_or(0) : 0;
      if (seed <= last || seed > kMostSeeds) continue;
      for (const CompareData& data : config.data()) {
        const std::string folder = RunFolder(output, method, data, seed);
        if (files.Exists(JoinPath(folder, kDoneName))) last = seed;
      }
    }
  }
  return last;
}

Status CheckSelection(const CompareConfig& config, const CompareSelection& selection) {
  if (selection.folds > static_cast<uint32_t>(config.data_size())) {
    return InvalidArgument(StrCat("--folds ", selection.folds, ": data has ", config.data_size()));
  }
  std::vector<std::string> known;
  for (const CompareMethod& method : config.method()) known.push_back(method.name());
  for (const std::string& name : selection.methods) {
    if (FindMethod(config, name) >= 0) continue;
    return InvalidArgument(StrCat("--methods: \"", name, "\" is not a method",
                                  InsteadOfWord(name, known, Join(known, ", "))));
  }
  return Status::Ok();
}

bool IsSelected(const CompareConfig& config, const CompareSelection& selection,
                const PlannedRun& run) {
  const std::vector<std::string>& methods = selection.methods;
  const std::string& method = config.method(run.method).name();
  const uint64_t seeds = selection.seeds > 0 ? selection.seeds : config.seeds();
  return run.seed <= seeds &&
         (selection.folds == 0 || static_cast<uint32_t>(run.fold) < selection.folds) &&
         (methods.empty() || std::count(methods.begin(), methods.end(), method) > 0 ||
          method == config.base() || method == config.common_ctr());
}

// The runs that judge the settings of one method.
Status AddSweep(const ComparePlan& plan, int method, LogSizes* sizes,
                std::vector<PlannedRun>* sweep) {
  const CompareMethod& as_it_is = plan.config.method(method);
  for (int setting = 0; setting < plan.config.sweep_size(); ++setting) {
    for (int fold = 0; fold < plan.config.data_size(); ++fold) {
      PlannedRun run{method, fold, 1, "", {}, true, setting};
      run.folder = JoinPath(
          MethodFolder(plan.output, as_it_is),
          StrCat("sweep-", plan.config.sweep(setting).name(), "-", plan.config.data(fold).name()));
      run.selected = IsSelected(plan.config, plan.selection, run);
      RETURN_IF_ERROR(
          Configure(plan, WithSetting(as_it_is, plan.config.sweep(setting)), sizes, &run));
      sweep->push_back(std::move(run));
    }
  }
  return Status::Ok();
}

// A choice of equals is the first of them.
Result<SettingChoice> Choose(FileSystem& files, const ComparePlan& plan, int method,
                             InputChecksums* now) {
  const CheckpointConfig::Best by = plan.config.sweep_by();
  SettingChoice choice;
  choice.complete = true;
  for (int setting = 0; setting < plan.config.sweep_size(); ++setting) {
    double sum = 0;
    int judged = 0;
    for (const PlannedRun& run : plan.sweep) {
      if (run.method != method || run.setting != setting) continue;
      ASSIGN_OR_RETURN(const std::optional<RunRecord> record, FindRunRecord(run, now));
      const auto value =
          record.has_value() ? worker::MetricValue(by, record->evaluation()) : std::nullopt;
      sum += value.value_or(0);
      judged += value.has_value() ? 1 : 0;
      ASSIGN_OR_RETURN(const auto failed, FindFailure(files, run));
      const bool open = run.selected && !record.has_value() && !failed.has_value();
      if (open) choice.complete = false;
    }
    choice.value.emplace_back();
    if (judged < plan.config.data_size()) continue;
    const double mean = sum / judged;
    choice.value.back() = mean;
    const int best = choice.setting;
    const bool better =
        best < 0 || worker::IsBetter(by, mean, *choice.value[static_cast<size_t>(best)]);
    if (better) choice.setting = setting;
  }
  return choice;
}

// Whether the run's job.textproto binds it: what failed is tried anew with any other.
bool HasBegun(FileSystem& files, const PlannedRun& run) {
  if (!files.Exists(run.JobPath())) return false;
  return files.Exists(run.DonePath()) || !files.Exists(run.FailedPath());
}

CompareMethod MethodWith(const CompareConfig& config, int method, int setting) {
  const CompareMethod& as_it_is = config.method(method);
  return setting < 0 ? as_it_is : WithSetting(as_it_is, config.sweep(setting));
}

// The method's runs that have begun keep their setting, whatever a sweep run that is tried again
// says now. Where they fit none of the settings, CheckSameJob is to say how they differ.
Status KeepSettingOfRuns(FileSystem& files, const ComparePlan& plan, int method, LogSizes* sizes,
                         SettingChoice* choice) {
  std::vector<int> settings = {choice->setting};
  for (int s = 0; s < plan.config.sweep_size(); ++s) {
    if (s != choice->setting) settings.push_back(s);
  }
  settings.push_back(-1);  // last: a setting may change nothing
  for (uint64_t seed = 1; seed <= plan.config.seeds(); ++seed) {
    for (int fold = 0; fold < plan.config.data_size(); ++fold) {
      PlannedRun run{method, fold, seed, "", {}, true};
      run.folder = RunFolder(plan.output, plan.config.method(method), plan.config.data(fold), seed);
      if (!HasBegun(files, run)) continue;
      for (const int setting : settings) {
        RETURN_IF_ERROR(Configure(plan, MethodWith(plan.config, method, setting), sizes, &run));
        if (!CheckSameJob(files, run).ok()) continue;
        choice->kept = setting != choice->setting;
        choice->setting = setting;
        return Status::Ok();
      }
    }
  }
  return Status::Ok();
}

Status PlanSweep(FileSystem& files, LogSizes* sizes, ComparePlan* plan) {
  if (plan->config.sweep_size() == 0) return Status::Ok();
  InputChecksums now(files);
  for (int method = 0; method < plan->config.method_size(); ++method) {
    const bool swept = !plan->config.method(method).reference();
    if (swept) RETURN_IF_ERROR(AddSweep(*plan, method, sizes, &plan->sweep));
    SettingChoice none;
    none.complete = true;
    plan->choices.push_back(none);
    if (!swept) continue;
    ASSIGN_OR_RETURN(plan->choices.back(), Choose(files, *plan, method, &now));
    RETURN_IF_ERROR(KeepSettingOfRuns(files, *plan, method, sizes, &plan->choices.back()));
  }
  return Status::Ok();
}

}  // namespace

std::string ComparePlan::NameOf(const PlannedRun& run) const {
  const std::string fold = config.data_size() > 1 ? " fold " + config.data(run.fold).name() : "";
  if (run.setting >= 0) {
    return StrCat(method(run).name(), " with ", config.sweep(run.setting).name(), fold);
  }
  return StrCat(method(run).name(), " seed ", run.seed, fold);
}

CompareMethod ComparePlan::ChosenMethod(int number) const {
  return MethodWith(config, number, SettingOf(number));
}

int ComparePlan::SettingOf(int number) const {
  return choices.empty() ? -1 : choices[static_cast<size_t>(number)].setting;
}

bool ComparePlan::SweepIsComplete() const {
  return std::all_of(choices.begin(), choices.end(),
                     [](const SettingChoice& choice) { return choice.complete; });
}

std::vector<std::string> FittedLines(const ComparePlan& plan) {
  std::vector<std::pair<std::string, std::vector<std::string>>> lines;  // methods by settings
  for (const PlannedRun& run : plan.runs) {
    if (run.seed != 1 || run.fitted.empty()) continue;
    std::vector<std::string> settings;
    for (const worker::FittedSetting& fitted : run.fitted) {
      settings.push_back(StrCat(fitted.field, "=", fitted.value));
    }
    const std::string& fold = plan.config.data(run.fold).name();
    const std::string name =
        StrCat(plan.method(run).name(), plan.config.data_size() > 1 ? " on data set " + fold : "");
    const std::string text = Join(settings, " ");
    const auto same = std::find_if(lines.begin(), lines.end(),
                                   [&](const auto& line) { return line.first == text; });
    if (same == lines.end()) {
      lines.push_back({text, {name}});
    } else {
      same->second.push_back(name);
    }
  }
  std::vector<std::string> out;
  for (const auto& [text, names] : lines) {
    out.push_back(
        StrCat("fits the training log (fit_settings): ", text, " (", Join(names, ", "), ")"));
  }
  return out;
}

int FindMethod(const CompareConfig& config, const std::string& name) {
  for (int m = 0; m < config.method_size(); ++m) {
    if (config.method(m).name() == name) return m;
  }
  return -1;
}

Result<ComparePlan> MakePlan(FileSystem& files, const CompareConfig& config,
                             const std::string& source, const CompareSelection& selection,
                             const std::string& output) {
  RETURN_IF_ERROR(CheckSelection(config, selection));
  ASSIGN_OR_RETURN(const uint64_t finished, LastFinishedSeed(files, config, output));
  const uint64_t seeds = std::max<uint64_t>({config.seeds(), selection.seeds, finished});
  ComparePlan plan{config, output, {}, source, selection, config.seeds()};
  plan.config.set_seeds(static_cast<uint32_t>(seeds));
  LogSizes sizes(files);
  RETURN_IF_ERROR(PlanSweep(files, &sizes, &plan));
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    for (int fold = 0; fold < config.data_size(); ++fold) {
      for (int method = 0; method < config.method_size(); ++method) {
        PlannedRun run{method, fold, seed, "", {}, true};
        run.folder = RunFolder(output, config.method(method), config.data(fold), seed);
        run.selected = IsSelected(config, selection, run);
        RETURN_IF_ERROR(Configure(plan, plan.ChosenMethod(method), &sizes, &run));
        plan.runs.push_back(std::move(run));
      }
    }
  }
  return plan;
}

Result<ComparePlan> PlanAgain(FileSystem& files, const ComparePlan& plan) {
  CompareConfig config = plan.config;
  config.set_seeds(plan.configured_seeds);
  return MakePlan(files, config, plan.source, plan.selection, plan.output);
}

}  // namespace chorus::launch
