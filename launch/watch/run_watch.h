#pragma once
// Where a run tells of itself, and looking there again and again. Thread safety: one thread.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"
#include "launch/watch/report_follower.h"
#include "launch/watch/run_view.h"

namespace chorus::launch {

// What is known before anything is read.
struct WatchedRun {
  std::string title;
  std::string metrics;                 // report.metrics; "" = none
  std::string prometheus;              // report.prometheus, asked on this machine; "" = none
  std::string checkpoints;             // checkpoint.directory; "" = none, or not known yet
  std::vector<std::string> endpoints;  // of ranks that the user named
};

// job: a metrics.jsonl, a folder that holds one, or a job's configuration; "" = the endpoints say
// it all. Errors: kNotFound, there is no such file; kInvalidArgument, nothing tells of this run, or
// it is no configuration.
Result<WatchedRun> FindRun(FileSystem& files, const std::string& job,
                           const std::vector<std::string>& endpoints);

class RunWatch {
 public:
  RunWatch(FileSystem& files, WatchedRun run);

  // What is to be seen now. Errors: those of ReportFollower::Read but that the file is not there
  // yet, and kUnavailable, nothing at all is to be seen.
  Result<RunView> Look();

 private:
  Status LookAtReports(RunView* view);
  void LearnFrom(const RunHead& head);
  bool IsWritten() const;
  void LookAtCheckpoints(RunView* view);
  void LookAtRanks(RunView* view);
  // Ranks on this machine have consecutive ports: those that answer, up to the first that does not.
  void FindOwnRanks(RunView* view);
  void SayWhetherEnded(RunView* view, bool any_answers);
  void SayWhoWrites(RunView* view);

  FileSystem& files_;
  WatchedRun run_;
  std::unique_ptr<ReportFollower> reports_;  // null: there are none
  std::string head_config_;                  // of the head that was read last
  // Seconds of a steady clock since which nobody writes the reports; nothing: somebody does.
  std::optional<double> left_since_;
  std::vector<RankView> before_;
  double looked_at_ = 0;   // seconds of a steady clock, of before_
  bool answered_ = false;  // some rank has, at some time
  uint32_t silent_ = 0;    // looks in a row at which no rank did
};

}  // namespace chorus::launch
