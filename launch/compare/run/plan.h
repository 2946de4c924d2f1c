#pragma once
// The runs of a comparison: every method on every data set with every seed, in the order in which
// they are trained (all methods of a seed and data set before the next ones, so that a comparison
// that is stopped early has rows to compare).
//   OUTPUT/runs/METHOD/seed-S-FOLD/  job.textproto, metrics.jsonl, scores, checkpoint/, DONE
// Thread safety: values.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"

namespace chorus::launch {

inline constexpr char kRunsName[] = "runs";
inline constexpr char kJobName[] = "job.textproto";
inline constexpr char kScoresName[] = "scores";  // worker/metrics/score_file.h
inline constexpr char kDoneName[] = "DONE";      // finished_runs.h

struct PlannedRun {
  int method = 0;  // of CompareConfig.method
  int fold = 0;    // of CompareConfig.data
  uint64_t seed = 1;
  std::string folder;
  TrainConfig config;    // complete, with its paths
  bool selected = true;  // to be trained; else only looked at

  std::string JobPath() const { return JoinPath(folder, kJobName); }
  std::string DonePath() const { return JoinPath(folder, kDoneName); }
  std::string ScoresPath() const { return JoinPath(folder, kScoresName); }
};

struct ComparePlan {
  CompareConfig config;
  std::string output;
  std::vector<PlannedRun> runs;
  std::string source;  // what errors call the configuration: its file

  const CompareMethod& method(const PlannedRun& run) const { return config.method(run.method); }
  // "ESMM seed 2", and " fold 1" where there are several.
  std::string NameOf(const PlannedRun& run) const;
};

// The number of the method of this name; -1: none.
int FindMethod(const CompareConfig& config, const std::string& name);

// What the command line takes of the configuration to be trained: 0 and none mean all.
struct CompareSelection {
  uint32_t seeds = 0;                // seeds 1 .. seeds
  std::vector<std::string> methods;  // base and common_ctr take part anyhow
  uint32_t folds = 0;                // the first so many data sets
};

// The plan of all runs that the configuration has, and of those with further seeds that are
// selected or finished in `output` already: tables are made of them all, whatever is trained this
// time. REQUIRES: config comes from LoadCompareConfig. Errors: a run's configuration is not valid
// (names source and method); the selection names what is not there.
Result<ComparePlan> MakePlan(FileSystem& files, const CompareConfig& config,
                             const std::string& source, const CompareSelection& selection,
                             const std::string& output);

}  // namespace chorus::launch
