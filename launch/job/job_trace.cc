#include "launch/job/job_trace.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "launch/job/trace_file.h"

namespace chorus::launch {
namespace {

constexpr char kTraceField[] = "report.trace.file";

// Texts that events name, each once.
class TextTable {
 public:
  explicit TextTable(TracePart* part) : part_(*part) { Number(""); }
  uint32_t Number(const char* text) {
    const std::string_view key = text == nullptr ? "" : text;
    const auto [at, is_new] = numbers_.emplace(key, static_cast<uint32_t>(part_.text_size()));
    if (is_new) part_.add_text(std::string(key));
    return at->second;
  }

 private:
  TracePart& part_;
  std::map<std::string_view, uint32_t> numbers_;
};

void AddTrack(const TraceTrack& track, TextTable* texts, TracePart* part) {
  if (track.events().empty() && track.dropped() == 0) return;
  TraceThreadPart* const thread = part->add_thread();
  thread->set_thread(track.thread());
  thread->set_dropped(track.dropped());
  for (const TraceEvent& event : track.events()) {
    thread->add_name(texts->Number(event.name));
    thread->add_of(texts->Number(event.of));
    thread->add_number(event.number);
    thread->add_begin_ns(event.begin_ns);
    thread->add_duration_ns(event.duration_ns);
  }
}

// The reason why no step of the run is in the trace.
std::string WhyNothing(const std::vector<TracePart>& parts, const TraceConfig& config) {
  for (const TracePart& part : parts) {
    if (part.last_step() == 0) continue;
    if (part.first_step() >= config.from_step() + config.steps()) {
      return StrCat("the run went on with step ", part.first_step(), ", behind them");
    }
    return StrCat("the run ended after step ", part.last_step());
  }
  return "the run trained no step";
}

}  // namespace

JobTrace::JobTrace(const TrainConfig& config, const Who& who)
    : config_(config.report().trace()),
      who_(who),
      last_step_(config_.from_step() + config_.steps() - 1),
      pull_ahead_(config.step().pull_ahead()),
      log_(TraceLog::Open(who.trains ? "trainer" : "main")),
      without_track_(TraceSpansWithoutTrack()),
      collect_([](const std::function<TracePart()>& own) -> Result<CollectedTrace> {
        return CollectedTrace{{own()}, {ClockOffset{}}};
      }) {
  // The gradients of a step come to servers with the frame of a later one.
  const uint64_t last = who.trains ? last_step_ : last_step_ + 1 + pull_ahead_;
  const MutexLock lock(mutex_);
  window_ = TraceWindow(log_, config_.from_step(), last);
}

JobTrace::~JobTrace() {
  const MutexLock lock(mutex_);
  window_.End();
}

Result<std::unique_ptr<JobTrace>> JobTrace::Open(FileSystem& files, const TrainConfig& config,
                                                 const Who& who) {
  const std::string& path = config.report().trace().file();
  if (path.empty()) return std::unique_ptr<JobTrace>();
  std::unique_ptr<JobTrace> trace(new JobTrace(config, who));
  if (who.rank != 0) return trace;
  RETURN_IF_ERROR(files.CreateDirectories(DirectoryOf(path)).Annotate(kTraceField));
  auto file = OutputFile::Replace(files, path, kTraceBegin, "trace");
  if (!file.ok()) return file.status().Annotate(kTraceField);
  trace->file_ = std::move(*file);
  return trace;
}

worker::WorkerEnvironment JobTrace::Traced(worker::WorkerEnvironment environment) {
  environment.before_step = [this, told = std::move(environment.before_step)](uint64_t step) {
    if (told) RETURN_IF_ERROR(told(step));
    return BeginStep(step);
  };
  return environment;
}

// Servers are done with the last step's gradients when the rows of the frame that brought these
// gradients have been used.
Status JobTrace::BeginStep(uint64_t step) {
  if (first_begun_ == 0) first_begun_ = step;
  last_begun_ = step;
  {
    const MutexLock lock(mutex_);
    window_.Begin(step);
    if (step <= last_step_ + 1 + pull_ahead_ || window_.steps() == 0) return Status::Ok();
  }
  return collected_ ? Status::Ok() : CollectAndWrite();
}

void JobTrace::BeginServerStep(uint64_t step) {
  const MutexLock lock(mutex_);
  window_.Begin(step);
}

Status JobTrace::Finish() { return collected_ ? Status::Ok() : CollectAndWrite(); }

TracePart JobTrace::OwnPart() {
  TracePart part;
  part.set_rank(who_.rank);
  part.set_role(who_.role);
  part.set_node(who_.node);
  {
    const MutexLock lock(mutex_);
    window_.End();
    if (who_.trains) part.set_steps(window_.steps());
  }
  part.set_first_step(first_begun_);
  part.set_last_step(last_begun_);
  part.set_without_track(TraceSpansWithoutTrack() - without_track_);
  TextTable texts(&part);
  for (const auto& track : log_->tracks()) AddTrack(*track, &texts, &part);
  return part;
}

// Threads that begin later need no tracks.
void JobTrace::Close() {
  const MutexLock lock(mutex_);
  window_.End();
  window_ = TraceWindow();
  log_.reset();
}

Status JobTrace::CollectAndWrite() {
  collected_ = true;
  const Result<CollectedTrace> all = collect_([this] { return OwnPart(); });
  Close();
  RETURN_IF_ERROR(all.status());
  if (file_ == nullptr) return Status::Ok();
  const Status written = Write(*all);
  file_.reset();
  if (!written.ok()) LogWarning(kTraceField, ": ", written.ToString(), "; the run goes on without");
  return Status::Ok();
}

Status JobTrace::Write(const CollectedTrace& all) {
  uint64_t steps = 0;
  for (const TracePart& part : all.parts) steps = std::max(steps, part.steps());
  if (steps == 0) {
    LogWarning("report.trace: nothing was traced, and ", config_.file(),
               " is not written: ", WhyNothing(all.parts, config_),
               "; report.trace asks for steps ", config_.from_step(), " to ", last_step_);
    return Status::Ok();
  }
  RETURN_IF_ERROR(AppendTrace(all.parts, all.clocks, file_.get()));
  RETURN_IF_ERROR(file_->Commit());
  LogInfo("trace: ", config_.file(), ", ", TraceSummary(all.parts, all.clocks),
          " (ui.perfetto.dev shows it)");
  return Status::Ok();
}

}  // namespace chorus::launch
