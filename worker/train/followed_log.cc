#include "worker/train/followed_log.h"

#include <algorithm>
#include <future>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include "common/check.h"
#include "common/log.h"
#include "common/node_name.h"
#include "common/strings.h"
#include "worker/log/cell_rules.h"
#include "worker/log/log_reader.h"
#include "worker/log/manifest_schema.h"
#include "worker/train/one_listing.h"
#include "worker/train/wait_for_first.h"

namespace chorus::worker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSecondsBetweenLooks = 0.5;

// What a worker sees of a file that all are to open: one of these letters, then its description, or
// why it has none.
constexpr char kSees = '+', kMisses = '?', kFails = '!';

std::string SeenOf(const std::string& answer) { return answer.substr(answer.find('\n') + 1); }
std::string NodeOf(const std::string& answer) { return answer.substr(0, answer.find('\n')); }

// What worker 0 makes of all answers: kSees alone, kMisses alone to look again, or kFails and why.
std::string Verdict(const std::string& path, const std::vector<std::string>& answers, bool late,
                    double deadline_seconds) {
  std::vector<std::string> missing;
  for (size_t worker = 0; worker < answers.size(); ++worker) {
    const std::string seen = SeenOf(answers[worker]);
    const std::string who = StrCat("worker ", worker, " on ", NodeOf(answers[worker]));
    if (seen[0] == kFails) return StrCat(std::string(1, kFails), who, ": ", seen.substr(1));
    if (seen[0] == kMisses) missing.push_back(who);
    if (seen[0] == kSees && SeenOf(answers[0])[0] == kSees && seen != SeenOf(answers[0])) {
      return StrCat(std::string(1, kFails), "workers differ in the log ", path, ": ", who, " has ",
                    seen.substr(1), ", worker 0 on ", NodeOf(answers[0]), " has ",
                    SeenOf(answers[0]).substr(1));
    }
  }
  if (missing.empty()) return std::string(1, kSees);
  if (!late) return std::string(1, kMisses);
  return StrCat(std::string(1, kFails), Join(missing, ", "), " did not see ", path, " within ",
                deadline_seconds, " s (cluster.deadline_seconds), which worker 0 found: is its ",
                "folder on a file system that all hosts share?");
}

// What one look found, as worker 0 tells it: a word, and a file's name.
constexpr std::pair<FollowedLog::Look::What, std::string_view> kWords[] = {
    {FollowedLog::Look::kNothing, "nothing"},
    {FollowedLog::Look::kFile, "file"},
    {FollowedLog::Look::kEnd, "end"},
    {FollowedLog::Look::kStop, "stop"},
    {FollowedLog::Look::kSave, "save"}};

std::string WordsOf(const FollowedLog::Look& look) {
  const auto* const found = std::find_if(std::begin(kWords), std::end(kWords),
                                         [&](const auto& pair) { return pair.first == look.what; });
  CHECK(found != std::end(kWords), static_cast<int>(look.what));
  return StrCat(found->second, " ", look.name);
}

FollowedLog::Look LookOf(const std::string& words) {
  const size_t space = words.find(' ');
  const std::string_view word = std::string_view(words).substr(0, space);
  const auto* const found = std::find_if(std::begin(kWords), std::end(kWords),
                                         [&](const auto& pair) { return pair.second == word; });
  CHECK(found != std::end(kWords), words);
  return {found->first, words.substr(space + 1)};
}

void Sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

}  // namespace

FollowedLog::FollowedLog(const TrainConfig& config, const WorkerEnvironment& environment)
    : config_(config), environment_(environment), folder_(config.data().log(0)) {}

std::string FollowedLog::PathOf(const std::string& name) const { return JoinPath(folder_, name); }

std::string FollowedLog::current() const {
  return position_.followed_size() == 0 ? ""
                                        : position_.followed(position_.followed_size() - 1).name();
}

bool FollowedLog::IsDone(const FollowedFile& file) const {
  return file.steps_before() + file.steps() <= restored_step_;
}

double FollowedLog::waited_seconds() const {
  if (!waiting_since_.has_value()) return 0;
  return std::chrono::duration<double>(Clock::now() - *waiting_since_).count();
}

void FollowedLog::Describe(CheckpointManifest* manifest) const {
  *manifest->mutable_followed() = position_.followed();
  manifest->set_followed_files(position_.followed_files());
}

Result<std::unique_ptr<FollowedLog>> FollowedLog::Open(const TrainConfig& config,
                                                       const WorkerEnvironment& environment,
                                                       const std::string& checkpoint,
                                                       const CheckpointManifest& manifest) {
  RETURN_IF_ERROR(CheckFollowable(config));
  std::unique_ptr<FollowedLog> log(new FollowedLog(config, environment));
  log->restored_step_ = manifest.step();
  *log->position_.mutable_followed() = manifest.followed();
  log->position_.set_followed_files(manifest.followed_files());
  if (manifest.step() > 0) {
    log->schema_ = SchemaOfManifest(manifest);
    RETURN_IF_ERROR(log->CheckTrainedOnFirst(checkpoint));
  }
  return log;
}

Status FollowedLog::CheckTrainedOnFirst(const std::string& checkpoint) {
  std::future<Status> check;
  if (is_first()) {
    check = std::async(std::launch::async, [&] { return CheckTrained(checkpoint); });
  }
  RETURN_IF_ERROR(WaitForFirst(
      &workers(), config_.cluster().deadline_seconds(), [&](double seconds) -> Result<bool> {
        return check.wait_for(std::chrono::duration<double>(seconds)) == std::future_status::ready;
      }));
  return is_first() ? check.get() : Status::Ok();
}

// Worker 0 alone. To open a file is to list its folder for labels; one listing serves all.
Status FollowedLog::CheckTrained(const std::string& checkpoint) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, environment_.files->List(folder_));
  const std::set<std::string> there(names.begin(), names.end());
  OneListing listed(*environment_.files, folder_, names);
  uint64_t gone = 0;
  for (const FollowedFile& file : position_.followed()) {
    if (there.contains(file.name())) {
      RETURN_IF_ERROR(CheckUnchanged(listed, checkpoint, file));
    } else if (IsDone(file)) {
      ++gone;
    } else {
      return FailedPrecondition(StrCat(PathOf(file.name()), " is gone, and ", checkpoint,
                                       " goes on in it: it may be removed once a checkpoint says ",
                                       "that it is done"));
    }
  }
  if (gone > 0) {
    LogInfo(gone, gone == 1 ? " file is" : " files are", " gone from ", folder_, "; ", checkpoint,
            " says that they are done");
  }
  return Status::Ok();
}

Status FollowedLog::CheckUnchanged(FileSystem& files, const std::string& checkpoint,
                                   const FollowedFile& file) {
  const std::string path = PathOf(file.name());
  ASSIGN_OR_RETURN(const auto log, LogReader::Open(files, {path}));
  if (log->fingerprint() == file.fingerprint()) return Status::Ok();
  return FailedPrecondition(
      StrCat(path, " is not the file that ", checkpoint, " was trained on (fingerprint ",
             HexDigits(file.fingerprint()), ", now ", HexDigits(log->fingerprint()),
             "): files of a followed log stay as they are; to go on from the model, set "
             "warm_start.checkpoint=",
             checkpoint, " and a new checkpoint.directory"));
}

Result<TrainingData> FollowedLog::First() {
  if (position_.followed_size() > 0) {
    const FollowedFile last = position_.followed(position_.followed_size() - 1);
    if (IsDone(last)) return BetweenFiles(config_, restored_step_);
    position_.mutable_followed()->RemoveLast();
    return OpenFile(last.name(), position_.followed_files() - 1, last.steps_before());
  }
  std::string name;
  if (is_first()) {
    ASSIGN_OR_RETURN(name, FindNext());
    if (name.empty()) return NotFound(StrCat("data.log: ", folder_, " holds no *.log file"));
  }
  ASSIGN_OR_RETURN(name, workers().Broadcast(name, 0));
  return Enter(name);
}

Result<std::vector<std::string>> FollowedLog::ListFiles() const {
  Result<std::vector<std::string>> names = environment_.files->List(folder_);
  if (!names.ok()) return names.status().Annotate("data.log, a folder that is followed");
  std::erase_if(*names, [](const std::string& name) { return !name.ends_with(".log"); });
  return names;
}

void FollowedLog::ForgetGone(const std::vector<std::string>& names) {
  const std::set<std::string> there(names.begin(), names.end());
  const std::string last = current();
  CheckpointManifest kept;
  for (const FollowedFile& file : position_.followed()) {
    if (file.name() == last || there.contains(file.name())) *kept.add_followed() = file;
  }
  position_.mutable_followed()->Swap(kept.mutable_followed());
}

std::string FollowedLog::FirstNew(const std::vector<std::string>& names) const {
  std::set<std::string> trained;
  for (const FollowedFile& file : position_.followed()) trained.insert(file.name());
  for (const std::string& name : names) {
    if (!trained.contains(name)) return name;
  }
  return std::string();
}

// Worker 0 alone. A listing is not of one moment: it may have a file that came while it was made,
// and lack one that came just before. A second one has both.
Result<std::string> FollowedLog::FindNext() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFiles());
  if (FirstNew(names).empty()) return std::string();
  ASSIGN_OR_RETURN(std::vector<std::string> again, ListFiles());
  std::set<std::string> all(names.begin(), names.end());
  all.insert(again.begin(), again.end());
  again.assign(all.begin(), all.end());
  const std::string next = FirstNew(again);
  ForgetGone(again);
  const std::string last = current();
  if (next > last) return next;
  return FailedPrecondition(StrCat(PathOf(next), " came after ", last, " was begun, whose name ",
                                   "is behind its own: files of a followed log come in the ",
                                   "order of their names; give it a later name"));
}

Result<FollowedLog::Look> FollowedLog::LookAgain(bool stop, bool save) {
  if (stop) return Look{Look::kStop, ""};
  if (save) return Look{Look::kSave, ""};
  ASSIGN_OR_RETURN(const std::string name, FindNext());
  if (!name.empty()) return Look{Look::kFile, name};
  if (waited_seconds() >= config_.data().follow_seconds()) return Look{Look::kEnd, ""};
  return Look{};
}

Result<FollowedLog::Look> FollowedLog::LookForNext(bool stop, bool save) {
  if (!waiting_since_.has_value()) waiting_since_ = Clock::now();
  ASSIGN_OR_RETURN(const std::vector<std::string> wishes, workers().Gather(stop ? "stop" : "", 0));
  std::string told;
  if (is_first()) {
    const bool stops =
        std::any_of(wishes.begin(), wishes.end(), [](const auto& wish) { return !wish.empty(); });
    ASSIGN_OR_RETURN(Look look, LookAgain(stops, save));
    if (look.what == Look::kNothing) {
      Sleep(std::min({kSecondsBetweenLooks, config_.cluster().deadline_seconds() / 8,
                      config_.data().follow_seconds()}));
    }
    told = WordsOf(look);
  }
  ASSIGN_OR_RETURN(told, workers().Broadcast(told, 0));
  Look look = LookOf(told);
  if (look.what == Look::kFile) waiting_since_.reset();
  return look;
}

Result<TrainingData> FollowedLog::Enter(const std::string& name) {
  uint64_t steps_before = 0;
  if (position_.followed_size() > 0) {
    const FollowedFile& last = position_.followed(position_.followed_size() - 1);
    steps_before = last.steps_before() + last.steps();
  }
  if (!is_first() && position_.followed_size() > 1) {  // worker 0's list goes into checkpoints
    position_.mutable_followed()->DeleteSubrange(0, position_.followed_size() - 1);
  }
  position_.set_followed_files(position_.followed_files() + 1);
  return OpenFile(name, position_.followed_files() - 1, steps_before);
}

Result<std::unique_ptr<LogReader>> FollowedLog::OpenOnAll(const std::string& path) {
  const Clock::time_point begin = Clock::now();
  const double deadline_seconds = config_.cluster().deadline_seconds();
  while (true) {
    Result<std::unique_ptr<LogReader>> log =
        LogReader::Open(*environment_.files, {path}, schema_.has_value() ? &*schema_ : nullptr);
    const bool missing = log.status().code() == Code::kNotFound;
    const std::string seen =
        log.ok() ? kSees + (*log)->Description()
                 : (missing ? kMisses : kFails) + std::string(log.status().message());
    ASSIGN_OR_RETURN(const std::vector<std::string> answers,
                     workers().Gather(StrCat(NodeName(), "\n", seen), 0));
    std::string verdict;
    if (is_first()) {
      const bool late =
          std::chrono::duration<double>(Clock::now() - begin).count() > deadline_seconds;
      verdict = Verdict(path, answers, late, deadline_seconds);
    }
    ASSIGN_OR_RETURN(verdict, workers().Broadcast(verdict, 0));
    if (verdict[0] == kSees) return log;
    if (verdict[0] == kFails && !log.ok() && !missing) return log.status();
    if (verdict[0] == kFails) return FailedPrecondition(verdict.substr(1));
    Sleep(std::min(kSecondsBetweenLooks, deadline_seconds / 8));
  }
}

// Files of one log are imported by one schema.
Status FollowedLog::CheckRules(const LogReader& log) const {
  for (const OtherRules& other : log.other_rules()) {
    const std::vector<std::string> doubts = DoubtsOf(other, "the files before it");
    if (!other.differences.made.empty()) return FailedPrecondition(doubts.front());
    if (is_first()) LogWarning(doubts.front());
  }
  return Status::Ok();
}

Result<TrainingData> FollowedLog::OpenFile(const std::string& name, uint64_t number,
                                           uint64_t steps_before) {
  ASSIGN_OR_RETURN(std::unique_ptr<LogReader> log, OpenOnAll(PathOf(name)));
  if (!schema_.has_value()) schema_ = log->schema();
  RETURN_IF_ERROR(CheckRules(*log));
  FollowedFile* const file = position_.add_followed();
  file->set_name(name);
  file->set_fingerprint(log->fingerprint());
  file->set_steps_before(steps_before);
  ASSIGN_OR_RETURN(TrainingData data,
                   OpenFollowedFile(config_, std::move(log), {number, steps_before}));
  file->set_steps(data.plan->total_steps() - steps_before);
  return data;
}

}  // namespace chorus::worker
