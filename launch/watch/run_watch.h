#pragma once
// Finds the places where a run reports, and looks at them again and again. Thread safety: one
// thread.

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

// What is known about a run before its reports and pages are read.
struct WatchedRun {
  std::string title;
  std::string metrics;                 // report.metrics; "" = none
  std::string prometheus;              // report.prometheus, asked on this machine; "" = none
  std::string checkpoints;             // checkpoint.directory; "" = none, or not known yet
  std::vector<std::string> endpoints;  // of the ranks that the user named
};

// job: a metrics.jsonl, a folder that holds one, or a job's configuration; "" = only the endpoints.
// Errors: kNotFound when there is no such file; kInvalidArgument when the run reports nowhere, or
// the file is no configuration.
Result<WatchedRun> FindRun(FileSystem& files, const std::string& job,
                           const std::vector<std::string>& endpoints);

class RunWatch {
 public:
  RunWatch(FileSystem& files, WatchedRun run);

  // The view of the run now. Errors: those of ReportFollower::Read, except for a file that is not
  // there yet; kUnavailable when there is nothing at all to see.
  Result<RunView> Look();

 private:
  Status LookAtReports(RunView* view);
  void LearnFrom(const RunHead& head);
  bool IsWritten() const;
  void LookAtCheckpoints(RunView* view);
  void LookAtRanks(RunView* view);
  // Finds the ranks on this machine, which have consecutive ports: those that answer, up to the
  // first that does not.
  void FindOwnRanks(RunView* view);
  void SayWhetherEnded(RunView* view, bool any_answers);
  void SayWhoWrites(RunView* view);

  FileSystem& files_;
  WatchedRun run_;
  std::unique_ptr<ReportFollower> reports_;  // null: there are none
  std::string head_config_;                  // the configuration in the head that was read last
  // The time (seconds of a steady clock) since which nobody writes the reports; nothing: somebody
  // does.
  std::optional<double> left_since_;
  std::vector<RankView> before_;
  double looked_at_ = 0;   // seconds of a steady clock, of before_
  bool answered_ = false;  // whether some rank has ever answered
  uint32_t silent_ = 0;    // looks in a row without an answer of any rank
};

}  // namespace chorus::launch
