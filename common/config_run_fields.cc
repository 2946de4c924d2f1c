// The fields of a job that a comparison sets for each of its runs: a user's value there would be
// overwritten, and is refused.

#include "common/config.pb.h"
#include "common/config_internal.h"
#include "common/strings.h"

namespace chorus::internal {
namespace {

struct RunField {
  const char* path;
  const char* instead;  // the setting to use for all runs
  bool (*is_set)(const TrainConfig& job);
};

constexpr RunField kRunFields[] = {
    {"seed", "seeds (--seeds N): 1 .. N", [](const TrainConfig& job) { return job.has_seed(); }},
    {"data.log", "train of a data set (data.NAME.train)",
     [](const TrainConfig& job) { return job.data().log_size() > 0; }},
    {"data.follow_seconds", "logs that are whole",
     [](const TrainConfig& job) { return job.data().has_follow_seconds(); }},
    {"evaluate.log", "test of a data set (data.NAME.test)",
     [](const TrainConfig& job) { return job.evaluate().log_size() > 0; }},
    {"evaluate.oracle", "oracle of a data set (data.NAME.oracle)",
     [](const TrainConfig& job) { return job.evaluate().has_oracle(); }},
    {"checkpoint.directory", "output (--output)",
     [](const TrainConfig& job) { return job.checkpoint().has_directory(); }},
    {"checkpoint.best", "the last model of each run",
     [](const TrainConfig& job) { return job.checkpoint().has_best(); }},
    {"checkpoint.patience", "the last model of each run",
     [](const TrainConfig& job) { return job.checkpoint().has_patience(); }},
    {"report.metrics", "output (--output)",
     [](const TrainConfig& job) { return job.report().has_metrics(); }},
};

std::string Refusal(const std::string& field, const char* instead) {
  return StrCat(field, " is set for each run by the comparison; use ", instead);
}

// The message that a set makes on its own. The code that applies the set later reports its errors.
template <typename Config>
Config Alone(const std::string& set) {
  Config config;
  Origins ignored("");
  (void)ApplySet(set, &config, &ignored);
  return config;
}

std::string RefusalIn(const TrainConfig& job, const std::string& root) {
  for (const RunField& field : kRunFields) {
    if (field.is_set(job)) return Refusal(Under(root, field.path), field.instead);
  }
  return "";
}

}  // namespace

std::string WhyNotOfMethod(const std::string& set) {
  return RefusalIn(Alone<TrainConfig>(set), "");
}

std::string WhyNotOfTrain(const std::string& set) {
  const TrainConfig job = Alone<CompareConfig>(set).train();
  if (job.has_objective()) {
    return Refusal("train.objective", "objective of a method (method.NAME.objective)");
  }
  return RefusalIn(job, "train");
}

}  // namespace chorus::internal
