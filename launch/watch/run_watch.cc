#include "launch/watch/run_watch.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "common/config.h"
#include "common/file_lock.h"
#include "common/host_address.h"
#include "common/parallel_for.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "launch/job/monitor.h"
#include "launch/report/report_log.h"
#include "launch/watch/http_page.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/run_head.h"

namespace chorus::launch {
namespace {

constexpr double kPageSeconds = 2;  // for a rank's page
constexpr uint32_t kMostOwnRanks = 256;
constexpr uint32_t kAskers = 16;      // ranks that are asked at the same time
constexpr double kStaleSeconds = 60;  // since the last line of a run that goes on
constexpr uint32_t kSilentLooks = 3;  // looks without any rank's answer: the run has ended
// If nobody writes the reports for this long, the run has ended. Between two attempts of a job
// nobody writes them, either.
constexpr double kLeftSeconds = 10;

double SteadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds since the file was written last; nothing if that cannot be known.
std::optional<double> AgeOf(const std::string& path) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(path, error);
  if (error) return std::nullopt;
  const std::chrono::duration<double> age = std::filesystem::file_time_type::clock::now() - written;
  return std::max(0.0, age.count());
}

// Whether the file holds a run's reports, by its name or by how such reports begin.
bool HoldsReports(FileSystem& files, const std::string& path) {
  if (path.ends_with(".jsonl")) return true;
  constexpr std::string_view kReportBegin = "{\"step\"";
  const auto file = files.OpenForRead(path);
  std::string begin(kReportBegin.size(), '\0');
  return file.ok() && (*file)->size() >= begin.size() &&
         (*file)->ReadAt(0, std::as_writable_bytes(std::span(begin))).ok() && begin == kReportBegin;
}

std::vector<RankView> AskRanks(const std::vector<std::string>& endpoints) {
  std::vector<RankView> ranks(endpoints.size());
  ParallelFor(endpoints.size(), kAskers, [&](uint64_t i) {
    ranks[i] = RankViewOf(endpoints[i], ReadMetricsPage(endpoints[i], kPageSeconds));
  });
  return ranks;
}

uint64_t LastStep(const RunView& view) {
  const uint64_t step = view.progress.has_value() ? view.progress->step() : 0;
  return view.evaluation.has_value() ? std::max(step, view.evaluation->step()) : step;
}

// Drops the errors of a configuration that another build may have written: nothing is said about
// what this build does not understand.
class SilentErrors : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
};

}  // namespace

Result<WatchedRun> FindRun(FileSystem& files, const std::string& job,
                           const std::vector<std::string>& endpoints) {
  for (const std::string& endpoint : endpoints) {
    RETURN_IF_ERROR(CheckEndpoint(endpoint).Annotate("--prometheus"));
  }
  WatchedRun run;
  run.endpoints = endpoints;
  run.title = job.empty() ? Join(endpoints, ", ") : job;
  if (job.empty()) return run;
  const std::string metrics = MetricsPath(files, job);
  if (HoldsReports(files, metrics)) {
    if (!files.Exists(metrics)) return NotFound(metrics + ": there is no such file");
    run.metrics = run.title = metrics;
    return run;
  }
  if (files.List(job).ok()) {
    return NotFound(
        StrCat(job, " holds no metrics.jsonl: give the file that report.metrics names"));
  }
  ASSIGN_OR_RETURN(const TrainConfig config, LoadTrainConfig(job, {}));
  run.metrics = config.report().metrics();
  run.prometheus = config.report().prometheus();
  run.checkpoints = config.checkpoint().directory();
  if (run.metrics.empty() && run.prometheus.empty() && endpoints.empty()) {
    return InvalidArgument(StrCat(job, ": nothing tells of its run: set report.metrics or ",
                                  "report.prometheus, or give --prometheus HOST:PORT"));
  }
  return run;
}

RunWatch::RunWatch(FileSystem& files, WatchedRun run) : files_(files), run_(std::move(run)) {
  if (!run_.metrics.empty()) reports_ = std::make_unique<ReportFollower>(files, run_.metrics);
}

Result<RunView> RunWatch::Look() {
  RunView view;
  view.title = run_.title;
  RETURN_IF_ERROR(LookAtReports(&view));
  LookAtCheckpoints(&view);
  LookAtRanks(&view);
  const bool answers = std::any_of(view.ranks.begin(), view.ranks.end(),
                                   [](const RankView& rank) { return rank.error.empty(); });
  if (!answers && !answered_ && !view.line_age.has_value()) {
    return Unavailable(
        StrCat(run_.title, ": nothing is to be seen of a run yet",
               run_.metrics.empty() ? "" : StrCat("; there is no file ", run_.metrics),
               view.ranks.empty() ? "" : "; " + view.ranks[0].error));
  }
  SayWhetherEnded(&view, answers);
  return view;
}

bool RunWatch::IsWritten() const {
  const Result<FileSystem::Target> target = files_.TargetOf(run_.metrics);
  if (!target.ok() || IsLocked(target->path + ".lock").value_or(true)) return true;
  // A run that resumes has its checkpoints long before it writes a report.
  return !run_.checkpoints.empty() &&
         IsLocked(JoinPath(run_.checkpoints, kFolderLockName)).value_or(false);
}

// A head without a configuration, or with that of a newer build, tells nothing.
void RunWatch::LearnFrom(const RunHead& head) {
  if (head.config().empty() || head.config() == head_config_) return;
  head_config_ = head.config();
  SilentErrors errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  TrainConfig config;
  if (!parser.ParseFromString(head_config_, &config)) return;
  run_.checkpoints = config.checkpoint().directory();
  run_.prometheus = config.report().prometheus();
}

void RunWatch::SayWhoWrites(RunView* view) {
  const uint64_t step = LastStep(*view);
  const uint64_t steps = view->head.steps();
  if (steps > 0 && step >= steps) {
    view->ended = StrCat("the run has done its last step, ", step);
    return;
  }
  const std::string of = steps > 0 ? StrCat(" of ", steps) : "";
  if (SteadySeconds() - *left_since_ >= kLeftSeconds) {
    view->ended = StrCat("no process writes ", run_.metrics, " any more; its last line is of step ",
                         step, of);
  } else {
    view->remarks.push_back(StrCat("no process writes ", run_.metrics,
                                   " at the moment; its last line is of step ", step, of));
  }
}

// The lock is looked at before the lines: lines that a run wrote before it ended are then read.
Status RunWatch::LookAtReports(RunView* view) {
  if (reports_ == nullptr || !files_.Exists(run_.metrics)) return Status::Ok();
  view->head = worker::ReadRunHead(files_, run_.metrics);
  LearnFrom(view->head);
  const bool written = IsWritten();
  RETURN_IF_ERROR(reports_->Read());
  view->progress = reports_->progress();
  view->evaluation = reports_->evaluation();
  view->doubts = reports_->doubts();
  view->line_age = AgeOf(run_.metrics);
  if (written) {
    left_since_.reset();
  } else {
    if (!left_since_.has_value()) left_since_ = SteadySeconds();
    SayWhoWrites(view);
  }
  view->stale = view->ended.empty() && view->line_age.value_or(0) > kStaleSeconds;
  return Status::Ok();
}

void RunWatch::LookAtCheckpoints(RunView* view) {
  if (run_.checkpoints.empty()) return;
  const auto found = worker::FindCheckpoint(files_, run_.checkpoints);
  if (!found.ok() || !found->has_value()) {
    view->checkpoint = "nothing in " + run_.checkpoints;
    return;
  }
  view->checkpoint = **found;
  view->checkpoint_age = AgeOf(JoinPath(**found, worker::kManifestName));
}

void RunWatch::LookAtRanks(RunView* view) {
  const double now = SteadySeconds();
  if (!run_.endpoints.empty()) {
    view->ranks = AskRanks(run_.endpoints);
  } else if (!run_.prometheus.empty() && view->ended.empty()) {
    FindOwnRanks(view);
  }
  view->before = std::exchange(before_, view->ranks);
  view->seconds_between = now - std::exchange(looked_at_, now);
}

void RunWatch::FindOwnRanks(RunView* view) {
  const Result<MonitorAddress> at = ParseMonitorAddress(run_.prometheus, 0);
  if (!at.ok()) return;
  std::string host = "localhost";
  if (!at->host.empty() && at->host != "localhost") {
    const auto chosen = ChooseAddresses(at->host, OwnAddresses());
    if (!chosen.ok()) {
      view->remarks.push_back(
          StrCat("report.prometheus ", run_.prometheus,
                 " means no address of this machine: --prometheus HOST:PORT,... "
                 "names the ranks"));
      return;
    }
    host = chosen->front().text;
  }
  for (uint32_t rank = 0; rank < kMostOwnRanks && at->port + rank <= 65535; ++rank) {
    const std::string endpoint = EndpointText(host, static_cast<uint16_t>(at->port + rank));
    RankView found = RankViewOf(endpoint, ReadMetricsPage(endpoint, kPageSeconds));
    const bool answers = found.error.empty();
    // A rank that answered before is named.
    const bool answered = rank < before_.size();
    if (answers || answered || rank == 0) view->ranks.push_back(std::move(found));
    if (!answers && !answered) break;
  }
}

void RunWatch::SayWhetherEnded(RunView* view, bool any_answers) {
  if (any_answers) answered_ = true;
  silent_ = any_answers ? 0 : silent_ + 1;
  if (reports_ == nullptr && answered_ && silent_ >= kSilentLooks) {
    view->ended = "no rank answers any more: the run has ended, or its hosts are gone";
  }
}

}  // namespace chorus::launch
