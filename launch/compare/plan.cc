#include "launch/compare/plan.h"

#include <algorithm>
#include <utility>

#include "common/config.h"
#include "common/file.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

// A run that is stopped loses at most so much; a checkpoint does not change what is trained.
constexpr double kCheckpointMinutes = 5;

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Result<TrainConfig> ConfigOf(const CompareConfig& config, const std::string& source,
                             const PlannedRun& run) {
  const CompareMethod& method = config.method(static_cast<int>(run.method));
  const CompareData& data = config.data(static_cast<int>(run.fold));
  ASSIGN_OR_RETURN(TrainConfig job, MethodConfig(config, method));
  job.set_seed(run.seed);
  *job.mutable_data()->mutable_log() = method.potential() ? data.potential() : data.train();
  *job.mutable_evaluate()->mutable_log() = data.test();
  job.mutable_evaluate()->set_oracle(data.oracle());
  CheckpointConfig* checkpoint = job.mutable_checkpoint();
  checkpoint->set_directory(JoinPath(run.folder, "checkpoint"));
  if (checkpoint->every_steps() == 0 && checkpoint->every_minutes() == 0) {
    checkpoint->set_every_minutes(kCheckpointMinutes);
  }
  job.mutable_report()->set_metrics(JoinPath(run.folder, "metrics.jsonl"));
  RETURN_IF_ERROR(FinishTrainConfig(StrCat(source, ": method ", method.name()), &job));
  return job;
}

std::string MethodFolder(const std::string& output, const std::string& method) {
  return JoinPath(JoinPath(output, kRunsName), method);
}

// The seed of a run's folder "seed-S-FOLD" on one of the configuration's data sets; 0: it is no
// such folder.
uint64_t SeedOf(const CompareConfig& config, const std::string& folder) {
  for (const CompareData& data : config.data()) {
    const std::string prefix = "seed-", suffix = "-" + data.name();
    if (folder.size() <= prefix.size() + suffix.size() || !folder.starts_with(prefix) ||
        !folder.ends_with(suffix)) {
      continue;
    }
    const std::string digits =
        folder.substr(prefix.size(), folder.size() - prefix.size() - suffix.size());
    if (digits.size() <= 4 && digits.find_first_not_of("0123456789") == std::string::npos) {
      return static_cast<uint64_t>(std::stoi(digits));
    }
  }
  return 0;
}

// The highest seed with a finished run of the configuration's methods and data sets.
Result<uint64_t> LastFinishedSeed(FileSystem& files, const CompareConfig& config,
                                  const std::string& output) {
  uint64_t last = 0;
  for (const CompareMethod& method : config.method()) {
    const std::string folder = MethodFolder(output, method.name());
    if (!files.Exists(folder)) continue;
    ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(folder));
    for (const std::string& name : names) {
      if (!files.Exists(JoinPath(JoinPath(folder, name), kDoneName))) continue;
      last = std::max(last, SeedOf(config, name));
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
    if (Contains(known, name)) continue;
    return InvalidArgument(
        StrCat("--methods: \"", name, "\" is not a method; allowed: ", Join(known, ", ")));
  }
  return Status::Ok();
}

bool IsSelected(const CompareConfig& config, const CompareSelection& selection,
                const PlannedRun& run) {
  const std::string& method = config.method(static_cast<int>(run.method)).name();
  const uint64_t seeds = selection.seeds > 0 ? selection.seeds : config.seeds();
  return run.seed <= seeds && (selection.folds == 0 || run.fold < selection.folds) &&
         (selection.methods.empty() || Contains(selection.methods, method) ||
          method == config.base() || method == config.common_ctr());
}

}  // namespace

std::string PlannedRun::JobPath() const { return JoinPath(folder, "job.textproto"); }
std::string PlannedRun::DonePath() const { return JoinPath(folder, kDoneName); }
std::string PlannedRun::ScoresPath() const { return JoinPath(folder, kScoresName); }

std::string ComparePlan::NameOf(const PlannedRun& run) const {
  std::string name = StrCat(method(run).name(), " seed ", run.seed);
  if (config.data_size() > 1) {
    name += " fold " + config.data(static_cast<int>(run.fold)).name();
  }
  return name;
}

int ComparePlan::FindMethod(const std::string& name) const {
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
  ComparePlan plan{config, output, {}, source};
  plan.config.set_seeds(static_cast<uint32_t>(seeds));
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    for (int fold = 0; fold < config.data_size(); ++fold) {
      for (int method = 0; method < config.method_size(); ++method) {
        const std::string& name = config.method(method).name();
        PlannedRun run;
        run.method = static_cast<uint32_t>(method);
        run.fold = static_cast<uint32_t>(fold);
        run.seed = seed;
        run.folder = JoinPath(MethodFolder(output, name),
                              StrCat("seed-", seed, "-", config.data(fold).name()));
        run.selected = IsSelected(config, selection, run);
        ASSIGN_OR_RETURN(run.config, ConfigOf(config, source, run));
        plan.runs.push_back(std::move(run));
      }
    }
  }
  return plan;
}

}  // namespace chorus::launch
