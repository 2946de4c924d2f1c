#pragma once
// The runs of a comparison: every method on every data set with every seed, in the order in which
// they are trained (all methods of a seed and data set before the next ones, so that a comparison
// that is stopped early has rows to compare).
//   OUTPUT/runs/METHOD/seed-S-FOLD/        job.textproto, metrics.jsonl, scores, checkpoint/, DONE
//   OUTPUT/runs/METHOD/sweep-SETTING-FOLD/ the same for a setting that is tried; FAILED: see
//                                          failed_runs.h
// A method's runs are known once its settings are judged: the plan is made anew then. Once a run of
// a method has begun, the method's setting stays.
// Thread safety: values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/steps/fit_settings.h"

namespace chorus::launch {

inline constexpr char kRunsName[] = "runs";
inline constexpr char kJobName[] = "job.textproto";
inline constexpr char kScoresName[] = "scores";  // worker/metrics/score_file.h
inline constexpr char kDoneName[] = "DONE";      // finished_runs.h
inline constexpr char kFailedName[] = "FAILED";  // failed_runs.h

struct PlannedRun {
  int method = 0;  // of CompareConfig.method
  int fold = 0;    // of CompareConfig.data
  uint64_t seed = 1;
  std::string folder;
  TrainConfig config;    // complete, with its paths
  bool selected = true;  // to be trained; else only looked at
  int setting = -1;  // of CompareConfig.sweep, judged on a validation log; -1: a run of the table
  // The fields that no configuration writes and that were fitted to the training log. not_fitted:
  // they have their defaults, since that log, or the model that the run begins from, is not there.
  std::vector<worker::FittedSetting> fitted = {};
  bool not_fitted = false;

  std::string JobPath() const { return JoinPath(folder, kJobName); }
  std::string DonePath() const { return JoinPath(folder, kDoneName); }
  std::string FailedPath() const { return JoinPath(folder, kFailedName); }
  std::string ScoresPath() const { return JoinPath(folder, kScoresName); }
};

// The part of the configuration that the command line selects for training: 0 and none mean all.
struct CompareSelection {
  uint32_t seeds = 0;                // seeds 1 .. seeds
  std::vector<std::string> methods;  // base and common_ctr always take part
  uint32_t folds = 0;                // the first `folds` data sets
};

// The outcome of a sweep for a method.
struct SettingChoice {
  bool complete = false;  // all its selected settings are judged, or failed
  int setting = -1;       // the best; -1: none
  bool kept = false;      // setting is not the best: runs of the table have begun with it
  std::vector<std::optional<double>> value;  // [settings]: mean over data sets; absent: not judged
};

struct ComparePlan {
  CompareConfig config;
  std::string output;
  std::vector<PlannedRun> runs;
  std::string source;  // what errors call the configuration: its file
  CompareSelection selection = {};
  uint32_t configured_seeds = 0;                        // config.seeds may be more, see MakePlan
  std::vector<PlannedRun> sweep = {};                   // before all runs
  std::vector<SettingChoice> choices = {};              // [method]; empty without a sweep
  worker::FitRules rules = worker::FitRules::kCurrent;  // the rules of its first runs

  const CompareMethod& method(const PlannedRun& run) const { return config.method(run.method); }
  // The method as its runs have it, with the setting that it takes (-1: none).
  CompareMethod ChosenMethod(int number) const;
  int SettingOf(int number) const;
  bool SweepIsComplete() const;
  // "ESMM seed 2", or "ESMM with SETTING", and " fold 1" where there are several.
  std::string NameOf(const PlannedRun& run) const;
};

// The settings that fit the training logs, in words: "step.grain_rows=32 model.start=BASE_RATE
// (BASE, ESMM)".
std::vector<std::string> FittedLines(const ComparePlan& plan);

// The number of the method of this name; -1: none.
int FindMethod(const CompareConfig& config, const std::string& name);

// The plan of all runs that the configuration has, with the settings that its sweep has chosen so
// far, and of runs with further seeds that are selected or already finished in `output`: tables are
// made of them all, whatever is trained this time. REQUIRES: config comes from LoadCompareConfig.
// Errors: a run's configuration is not valid (the message names source and method); the selection
// names a method, seed or data set that is not there.
Result<ComparePlan> MakePlan(FileSystem& files, const CompareConfig& config,
                             const std::string& source, const CompareSelection& selection,
                             const std::string& output);
// The same plan, made anew from the runs that are finished by now.
Result<ComparePlan> PlanAgain(FileSystem& files, const ComparePlan& plan);

}  // namespace chorus::launch
