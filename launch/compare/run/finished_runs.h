#pragma once
// Which runs of a comparison are finished, and from which inputs they were made. DONE in a run's
// folder is a RunRecord in text format and a checksum line, renamed into place last: a run without
// it is not finished, whatever else is in its folder. Thread safety: const methods from any thread;
// one writer per run.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/compare.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/compare/run/logs.h"
#include "launch/compare/run/plan.h"
#include "worker/metrics/scores.h"

namespace chorus::launch {

// Fingerprints of logs and checksums of files as they are now, each made once, since the runs of a
// comparison share logs and oracle files. Use one object for one look at all runs, while nothing
// changes.
class InputChecksums {
 public:
  explicit InputChecksums(FileSystem& files) : files_(files) {}  // `files` outlives this
  FileSystem& files() const { return files_; }

  const Result<uint64_t>& OfLog(const LogPaths& paths);
  const Result<uint64_t>& OfFile(const std::string& path);

 private:
  FileSystem& files_;
  std::map<std::vector<std::string>, Result<uint64_t>> logs_;
  std::map<std::string, Result<uint64_t>> checksums_;
};

// The fingerprints of the run's logs and oracle file, in a record that holds nothing else yet. Call
// it before the run begins. Errors name the file.
Result<RunRecord> RecordOfInputs(FileSystem& files, const TrainConfig& config);

// The configuration that the run in that folder was made with. REQUIRES: job.textproto is there.
Result<TrainConfig> LoadJob(const PlannedRun& run);

// Error: kFailedPrecondition when the run in that folder was made with another configuration than
// this (the message names the fields), or with one that is lost. REQUIRES: job.textproto is there.
Status CheckSameJob(FileSystem& files, const PlannedRun& run);

// Writes job.textproto of a run that begins, unless it is there.
Status WriteJob(FileSystem& files, const PlannedRun& run);

// Completes the run whose job.textproto and scores are in `folder`.
Status WriteRunRecord(FileSystem& files, const std::string& folder, RunRecord record);

// The record of a finished run; nothing for a run that has to be trained (again): there is no
// record, or the run failed (failed_runs.h), or the record or the scores are damaged, which is
// logged.
// Error: kFailedPrecondition when the run in that folder was made with another configuration
// (CheckSameJob), or from another log or oracle file than is at that path now (one that is gone is
// not compared).
Result<std::optional<RunRecord>> FindRunRecord(const PlannedRun& run, InputChecksums* now);

struct FinishedRun {
  const PlannedRun* run = nullptr;
  RunRecord record;
};

struct FailedRun {
  const PlannedRun* run = nullptr;
  std::string why;
};

// The seeds and data sets that means and differences are taken over. Both are ascending.
struct RunGrid {
  std::vector<int> folds;
  std::vector<uint64_t> seeds;  // each on all of these folds

  bool empty() const { return seeds.empty(); }
  friend bool operator==(const RunGrid&, const RunGrid&) = default;
};

// The folds for which each of these methods has a run, and the seeds for which all have one on all
// those folds. has(method, fold, seed); seeds 1 .. seeds.
RunGrid GridOf(const std::vector<int>& methods, int folds, uint64_t seeds,
               const std::function<bool(int, int, uint64_t)>& has);

class FinishedRuns {
 public:
  // `files` and `plan` outlive the result. Error: what FindRunRecord gives.
  static Result<FinishedRuns> Find(FileSystem& files, const ComparePlan& plan);

  FileSystem& files() const { return *files_; }
  const ComparePlan& plan() const { return *plan_; }
  const CompareConfig& config() const { return plan_->config; }
  const std::vector<FinishedRun>& runs() const { return runs_; }    // in the plan's order
  const std::vector<FailedRun>& failed() const { return failed_; }  // likewise
  size_t FailuresOf(int method) const;
  // Null: not finished.
  const FinishedRun* At(int method, int fold, uint64_t seed) const;
  // The finished runs that all these methods have.
  RunGrid CommonRuns(const std::vector<int>& methods) const;
  // The scores of the run's test log. Errors name the file.
  Result<worker::Scores> ScoresOf(const FinishedRun& run) const;

 private:
  FileSystem* files_ = nullptr;
  const ComparePlan* plan_ = nullptr;
  std::vector<FinishedRun> runs_;
  std::vector<FailedRun> failed_;
};

}  // namespace chorus::launch
