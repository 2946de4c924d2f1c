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

Result<TrainConfig> ConfigOf(const CompareConfig& config, const PlannedRun& run) {
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
  RETURN_IF_ERROR(FinishTrainConfig("configuration", &job));
  return job;
}

}  // namespace

std::string PlannedRun::JobPath() const { return JoinPath(folder, "job.textproto"); }
std::string PlannedRun::DonePath() const { return JoinPath(folder, "DONE"); }
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

Result<CompareConfig> Select(const CompareConfig& config, const CompareSelection& selection) {
  CompareConfig selected = config;
  if (selection.seeds > 0) selected.set_seeds(selection.seeds);
  if (selection.folds > static_cast<uint32_t>(config.data_size())) {
    return InvalidArgument(StrCat("--folds ", selection.folds, ": data has ", config.data_size()));
  }
  if (selection.folds > 0) {
    const int folds = static_cast<int>(selection.folds);
    selected.mutable_data()->DeleteSubrange(folds, config.data_size() - folds);
  }
  if (selection.methods.empty()) return selected;
  selected.clear_method();
  std::vector<std::string> known;
  for (const CompareMethod& method : config.method()) {
    known.push_back(method.name());
    if (Contains(selection.methods, method.name()) || method.name() == config.base() ||
        method.name() == config.common_ctr()) {
      *selected.add_method() = method;
    }
  }
  for (const std::string& name : selection.methods) {
    if (Contains(known, name)) continue;
    return InvalidArgument(
        StrCat("--methods: \"", name, "\" is not a method; allowed: ", Join(known, ", ")));
  }
  return selected;
}

std::string SelectionNote(const CompareConfig& all, const CompareConfig& selected) {
  std::vector<std::string> parts;
  const auto add = [&](uint64_t part, uint64_t whole, const char* things) {
    if (part != whole) parts.push_back(StrCat(part, " of ", whole, " ", things));
  };
  add(static_cast<uint64_t>(selected.method_size()), static_cast<uint64_t>(all.method_size()),
      "methods");
  add(selected.seeds(), all.seeds(), "seeds");
  add(static_cast<uint64_t>(selected.data_size()), static_cast<uint64_t>(all.data_size()),
      "data sets");
  if (parts.empty()) return "";
  return StrCat("Selected on the command line, of what the configuration has: ", Join(parts, ", "),
                ".");
}

Result<ComparePlan> MakePlan(const CompareConfig& config, const std::string& output) {
  ComparePlan plan{config, output, {}};
  for (uint64_t seed = 1; seed <= config.seeds(); ++seed) {
    for (int fold = 0; fold < config.data_size(); ++fold) {
      for (int method = 0; method < config.method_size(); ++method) {
        PlannedRun run;
        run.method = static_cast<uint32_t>(method);
        run.fold = static_cast<uint32_t>(fold);
        run.seed = seed;
        run.folder = JoinPath(JoinPath(output, "runs/" + config.method(method).name()),
                              StrCat("seed-", seed, "-", config.data(fold).name()));
        Result<TrainConfig> job = ConfigOf(config, run);
        if (!job.ok()) return job.status().Annotate("method " + config.method(method).name());
        run.config = std::move(*job);
        plan.runs.push_back(std::move(run));
      }
    }
  }
  return plan;
}

}  // namespace chorus::launch
