#include "launch/compare/run/plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/config.h"
#include "common/nearest_word.h"
#include "common/strings.h"
#include "launch/compare/run/configure_run.h"
#include "launch/compare/run/failed_runs.h"
#include "launch/compare/run/finished_runs.h"
#include "worker/train/best_checkpoint.h"

namespace chorus::launch {
namespace {

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

bool IsSelected(const ComparePlan& plan, const PlannedRun& run) {
  const CompareConfig& config = plan.config;
  const std::vector<std::string>& methods = plan.selection.methods;
  const std::string& method = config.method(run.method).name();
  const uint64_t seeds = plan.selection.seeds > 0 ? plan.selection.seeds : plan.configured_seeds;
  return run.seed <= seeds &&
         (plan.selection.folds == 0 || static_cast<uint32_t>(run.fold) < plan.selection.folds) &&
         (methods.empty() || std::count(methods.begin(), methods.end(), method) > 0 ||
          method == config.base() || method == config.common_ctr());
}

CompareMethod MethodWith(const CompareConfig& config, int method, int setting) {
  const CompareMethod& as_it_is = config.method(method);
  return setting < 0 ? as_it_is : WithSetting(as_it_is, config.sweep(setting));
}

// The runs that judge the settings of one method, yet to be configured.
std::vector<PlannedRun> SweepOf(const ComparePlan& plan, int method) {
  std::vector<PlannedRun> sweep;
  const CompareMethod& as_it_is = plan.config.method(method);
  if (as_it_is.reference()) return sweep;
  for (int setting = 0; setting < plan.config.sweep_size(); ++setting) {
    for (int fold = 0; fold < plan.config.data_size(); ++fold) {
      PlannedRun run{method, fold, 1, "", {}, true, setting};
      run.folder = JoinPath(
          MethodFolder(plan.output, as_it_is),
          StrCat("sweep-", plan.config.sweep(setting).name(), "-", plan.config.data(fold).name()));
      run.selected = IsSelected(plan, run);
      sweep.push_back(std::move(run));
    }
  }
  return sweep;
}

// The runs of the table, yet to be configured.
std::vector<PlannedRun> RunsOf(const ComparePlan& plan) {
  std::vector<PlannedRun> runs;
  for (uint64_t seed = 1; seed <= plan.config.seeds(); ++seed) {
    for (int fold = 0; fold < plan.config.data_size(); ++fold) {
      for (int method = 0; method < plan.config.method_size(); ++method) {
        PlannedRun run{method, fold, seed, "", {}, true};
        run.folder =
            RunFolder(plan.output, plan.config.method(method), plan.config.data(fold), seed);
        run.selected = IsSelected(plan, run);
        runs.push_back(std::move(run));
      }
    }
  }
  return runs;
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

// Whether the run has to keep its job.textproto: a failed run is tried anew with any other.
bool HasBegun(FileSystem& files, const PlannedRun& run) {
  if (!files.Exists(run.JobPath())) return false;
  return files.Exists(run.DonePath()) || !files.Exists(run.FailedPath());
}

// The method's runs that have begun keep their setting, whatever a sweep run that is tried again
// says now. If they fit none of the settings, CheckSameJob says how they differ.
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
        RETURN_IF_ERROR(ConfigureRun(plan, MethodWith(plan.config, method, setting), sizes, &run));
        if (!CheckSameJob(files, run).ok()) continue;
        choice->kept = setting != choice->setting;
        choice->setting = setting;
        return Status::Ok();
      }
    }
  }
  return Status::Ok();
}

// Whether all these runs were begun with the jobs that plan.rules give.
Result<bool> AllFollow(FileSystem& files, const ComparePlan& plan, LogSizes* sizes,
                       std::vector<PlannedRun>* begun) {
  for (PlannedRun& run : *begun) {
    const CompareMethod method = MethodWith(plan.config, run.method, run.setting);
    RETURN_IF_ERROR(ConfigureRun(plan, method, sizes, &run));
    if (!CheckSameJob(files, run).ok()) return false;
  }
  return true;
}

// Sets the rules that the comparison was begun with. They show in the jobs of runs whose settings are
// known: those of its sweep, or all where there is none.
Status FindRules(FileSystem& files, LogSizes* sizes, ComparePlan* plan) {
  std::vector<PlannedRun> runs;
  for (int method = 0; method < plan->config.method_size(); ++method) {
    for (PlannedRun& run : SweepOf(*plan, method)) runs.push_back(std::move(run));
  }
  if (runs.empty()) runs = RunsOf(*plan);
  std::erase_if(runs, [&](const PlannedRun& run) { return !HasBegun(files, run); });
  for (const worker::FitRules rules : worker::kAllFitRules) {
    plan->rules = rules;
    ASSIGN_OR_RETURN(const bool all, AllFollow(files, *plan, sizes, &runs));
    if (all) return Status::Ok();
  }
  plan->rules = worker::FitRules::kCurrent;  // CheckSameJob says how they differ
  return Status::Ok();
}

Status PlanSweep(FileSystem& files, LogSizes* sizes, ComparePlan* plan) {
  if (plan->config.sweep_size() == 0) return Status::Ok();
  InputChecksums now(files);
  for (int method = 0; method < plan->config.method_size(); ++method) {
    const bool swept = !plan->config.method(method).reference();
    for (PlannedRun& run : SweepOf(*plan, method)) {
      RETURN_IF_ERROR(
          ConfigureRun(*plan, MethodWith(plan->config, method, run.setting), sizes, &run));
      plan->sweep.push_back(std::move(run));
    }
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
  RETURN_IF_ERROR(FindRules(files, &sizes, &plan));
  RETURN_IF_ERROR(PlanSweep(files, &sizes, &plan));
  for (PlannedRun& run : RunsOf(plan)) {
    RETURN_IF_ERROR(ConfigureRun(plan, plan.ChosenMethod(run.method), &sizes, &run));
    plan.runs.push_back(std::move(run));
  }
  return plan;
}

Result<ComparePlan> PlanAgain(FileSystem& files, const ComparePlan& plan) {
  CompareConfig config = plan.config;
  config.set_seeds(plan.configured_seeds);
  return MakePlan(files, config, plan.source, plan.selection, plan.output);
}

}  // namespace chorus::launch
