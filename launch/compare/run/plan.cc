#include "launch/compare/run/plan.h"

#include <algorithm>
#include <utility>

#include "common/config.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

Result<TrainConfig> ConfigOf(const ComparePlan& plan, const PlannedRun& run) {
  const CompareMethod& method = plan.method(run);
  const CompareData& data = plan.config.data(run.fold);
  ASSIGN_OR_RETURN(TrainConfig job, MethodConfig(plan.config, method));
  job.set_seed(run.seed);
  *job.mutable_data()->mutable_log() = method.potential() ? data.potential() : data.train();
  *job.mutable_evaluate()->mutable_log() = data.test();
  job.mutable_evaluate()->set_oracle(data.oracle());
  CheckpointConfig* checkpoint = job.mutable_checkpoint();
  checkpoint->set_directory(JoinPath(run.folder, "checkpoint"));
  checkpoint->set_best(CheckpointConfig::NONE);  // every run is judged by its last model
  checkpoint->set_patience(0);
  job.mutable_report()->set_metrics(JoinPath(run.folder, "metrics.jsonl"));
  RETURN_IF_ERROR(FinishTrainConfig(StrCat(plan.source, ": method ", method.name()), &job));
  return job;
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
    return InvalidArgument(
        StrCat("--methods: \"", name, "\" is not a method; allowed: ", Join(known, ", ")));
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

}  // namespace

std::string ComparePlan::NameOf(const PlannedRun& run) const {
  const std::string fold = config.data_size() > 1 ? " fold " + config.data(run.fold).name() : "";
  return StrCat(method(run).name(), " seed ", run.seed, fold);
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
  ComparePlan plan{config, output, {}, source};
  plan.config.set_seeds(static_cast<uint32_t>(seeds));
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    for (int fold = 0; fold < config.data_size(); ++fold) {
      for (int method = 0; method < config.method_size(); ++method) {
        PlannedRun run{method, fold, seed, "", {}, true};
        run.folder = RunFolder(output, config.method(method), config.data(fold), seed);
        run.selected = IsSelected(config, selection, run);
        ASSIGN_OR_RETURN(run.config, ConfigOf(plan, run));
        plan.runs.push_back(std::move(run));
      }
    }
  }
  return plan;
}

}  // namespace chorus::launch
