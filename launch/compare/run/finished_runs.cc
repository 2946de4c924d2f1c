#include "launch/compare/run/finished_runs.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/config.h"
#include "common/log.h"
#include "common/strings.h"
#include "launch/compare/run/failed_runs.h"
#include "worker/metrics/score_file.h"

namespace chorus::launch {
namespace {

constexpr uint32_t kVersion = 1;
constexpr std::string_view kChecksumPrefix = "# checksum ";

// The settings that fit a log are not known once the log is gone.
constexpr const char* kFittedFields =
    ",step.grain_rows,data.window_blocks,table,model.tower,model.optimizer,model.schedule,model."
    "start,"
    "objective.two_task.norm,objective.chorus_cvr.norm,objective.chorus_cvr.eps,"
    "objective.chorus_cvr.eps_un";

// Settings that may differ between a run and its continuation: who computes, what is reported, and
// where; and the parts of an evaluation beside the scores, since tables are made of the scores
// alone.
std::vector<std::string> FreeFields(bool not_fitted) {
  std::string fields =
      "cluster,checkpoint,report,evaluate.k,evaluate.every_steps,evaluate.group_metrics,"
      "compute.threads,compute.reader_threads";
  if (not_fitted) fields += kFittedFields;
  return Split(fields, ',');
}

Result<uint64_t> ChecksumOfFile(FileSystem& files, const std::string& path) {
  const Result<std::string> data = ReadWholeFile(files, path);
  RETURN_IF_ERROR(data.status().Annotate(path));
  return Checksum(*data);
}

Result<uint64_t> FingerprintOf(FileSystem& files, const LogPaths& paths) {
  ASSIGN_OR_RETURN(const auto log, OpenLog(files, paths));
  return log->fingerprint();
}

std::string ChecksumLine(std::string_view text) {
  return StrCat(kChecksumPrefix, Checksum(text), "\n");
}

// Error: kDataLoss when DONE is damaged, or of another version or job.textproto.
Result<RunRecord> ReadRecord(FileSystem& files, const PlannedRun& run) {
  const std::string path = run.DonePath();
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
  const size_t line = text.rfind(kChecksumPrefix);
  if (line == std::string::npos || text.substr(line) != ChecksumLine(text.substr(0, line))) {
    return DataLoss(path + ": its checksum line does not fit the text before it");
  }
  RunRecord record;
  if (!google::protobuf::TextFormat::ParseFromString(text.substr(0, line), &record)) {
    return DataLoss(path + ": not a record that this version can read");
  }
  if (record.version() != kVersion) {
    return DataLoss(StrCat(path, ": version ", record.version(), ", expected ", kVersion));
  }
  ASSIGN_OR_RETURN(const uint64_t job, ChecksumOfFile(files, run.JobPath()));
  if (record.job_checksum() == job) return record;
  return DataLoss(path + ": is the record of another job.textproto");
}

// now: the fingerprint of what is at these paths.
Status CheckInput(const PlannedRun& run, const char* kind, const std::vector<std::string>& paths,
                  std::optional<uint64_t> made, const Result<uint64_t>& now) {
  if (!made.has_value() || now.status().code() == Code::kNotFound) return Status::Ok();
  RETURN_IF_ERROR(now.status());
  if (*now == *made) return Status::Ok();
  return FailedPrecondition(
      StrCat(run.folder, " was made with another ", kind, " than is now at ", Join(paths, ", "),
             " (fingerprint ", HexDigits(*made), " | ", HexDigits(*now),
             "): compare into another --output, or remove the runs that are out of date"));
}

Status CheckSameInputs(const PlannedRun& run, const RunRecord& record, InputChecksums* now) {
  const auto known = [](bool has, uint64_t value) {
    return has ? std::optional(value) : std::nullopt;
  };
  const LogPaths& train = run.config.data().log();
  const LogPaths& test = run.config.evaluate().log();
  const std::string& oracle = run.config.evaluate().oracle();
  RETURN_IF_ERROR(CheckInput(run, "training log", {train.begin(), train.end()},
                             known(record.has_train_log(), record.train_log()), now->OfLog(train)));
  RETURN_IF_ERROR(CheckInput(run, "test log", {test.begin(), test.end()},
                             known(record.has_test_log(), record.test_log()), now->OfLog(test)));
  return CheckInput(run, "oracle file", {oracle}, known(record.has_oracle(), record.oracle()),
                    now->OfFile(oracle));
}

// "" where the scores are those that the run left, otherwise what is wrong with them.
Result<std::string> WrongWithScores(FileSystem& files, const PlannedRun& run,
                                    const RunRecord& record) {
  if (!files.Exists(run.ScoresPath())) return run.ScoresPath() + ": is not there";
  if (!record.has_scores_checksum()) return std::string();
  ASSIGN_OR_RETURN(const uint64_t scores, ChecksumOfFile(files, run.ScoresPath()));
  if (scores == record.scores_checksum()) return std::string();
  return run.ScoresPath() + ": its checksum is not the one in DONE";
}

}  // namespace

const Result<uint64_t>& InputChecksums::OfLog(const LogPaths& paths) {
  const std::vector<std::string> key(paths.begin(), paths.end());
  if (!logs_.contains(key)) logs_.emplace(key, FingerprintOf(files_, paths));
  return logs_.at(key);
}

const Result<uint64_t>& InputChecksums::OfFile(const std::string& path) {
  if (!checksums_.contains(path)) checksums_.emplace(path, ChecksumOfFile(files_, path));
  return checksums_.at(path);
}

Result<RunRecord> RecordOfInputs(FileSystem& files, const TrainConfig& config) {
  RunRecord record;
  ASSIGN_OR_RETURN(const uint64_t train, FingerprintOf(files, config.data().log()));
  ASSIGN_OR_RETURN(const uint64_t test, FingerprintOf(files, config.evaluate().log()));
  record.set_train_log(train);
  record.set_test_log(test);
  if (config.evaluate().oracle().empty()) return record;
  ASSIGN_OR_RETURN(const uint64_t oracle, ChecksumOfFile(files, config.evaluate().oracle()));
  record.set_oracle(oracle);
  return record;
}

Result<TrainConfig> LoadJob(const PlannedRun& run) {
  TrainConfig job;
  RETURN_IF_ERROR(LoadConfig(run.JobPath(), {}, &job));
  RETURN_IF_ERROR(FinishTrainConfig(run.JobPath(), &job));
  return job;
}

Status CheckSameJob(FileSystem& files, const PlannedRun& run) {
  ASSIGN_OR_RETURN(const auto file, files.OpenForRead(run.JobPath()));
  if (file->size() == 0) {
    return FailedPrecondition(StrCat(run.JobPath(), " is empty: what ", run.folder,
                                     " was made with is lost; remove that folder, and its run is "
                                     "done again"));
  }
  ASSIGN_OR_RETURN(const TrainConfig made, LoadJob(run));
  const std::vector<std::string> differing =
      DifferingFields(made, run.config, FreeFields(run.not_fitted));
  if (differing.empty()) return Status::Ok();
  return FailedPrecondition(StrCat(
      run.folder, " was made with another configuration (there | here): ", Join(differing, "; ")));
}

Status WriteJob(FileSystem& files, const PlannedRun& run) {
  RETURN_IF_ERROR(files.CreateDirectories(run.folder));
  if (files.Exists(run.JobPath())) return Status::Ok();
  return ReplaceFile(files, run.JobPath(), PrintConfig(run.config));
}

Status WriteRunRecord(FileSystem& files, const std::string& folder, RunRecord record) {
  ASSIGN_OR_RETURN(const uint64_t job, ChecksumOfFile(files, JoinPath(folder, kJobName)));
  ASSIGN_OR_RETURN(const uint64_t scores, ChecksumOfFile(files, JoinPath(folder, kScoresName)));
  record.set_version(kVersion);
  record.set_job_checksum(job);
  record.set_scores_checksum(scores);
  std::string text;
  if (!google::protobuf::TextFormat::PrintToString(record, &text)) {
    return Internal("the record of a run cannot be printed");
  }
  return ReplaceFile(files, JoinPath(folder, kDoneName), text + ChecksumLine(text));
}

Result<std::optional<RunRecord>> FindRunRecord(const PlannedRun& run, InputChecksums* now) {
  FileSystem& files = now->files();
  const auto not_finished = [](const std::string& why) {
    if (!why.empty()) LogWarning(why, "; this run counts as not finished");
    return std::optional<RunRecord>();
  };
  if (!files.Exists(run.JobPath())) return not_finished("");
  const bool failed = files.Exists(run.FailedPath()) && !files.Exists(run.DonePath());
  if (failed) return not_finished("");
  RETURN_IF_ERROR(CheckSameJob(files, run));
  if (!files.Exists(run.DonePath())) return not_finished("");
  const Result<RunRecord> record = ReadRecord(files, run);
  if (record.status().code() == Code::kDataLoss) return not_finished(record.status().message());
  RETURN_IF_ERROR(record.status());
  RETURN_IF_ERROR(CheckSameInputs(run, *record, now));
  ASSIGN_OR_RETURN(const std::string wrong, WrongWithScores(files, run, *record));
  return wrong.empty() ? std::optional<RunRecord>(*record) : not_finished(wrong);
}

RunGrid GridOf(const std::vector<int>& methods, int folds, uint64_t seeds,
               const std::function<bool(int, int, uint64_t)>& has) {
  RunGrid grid;
  for (int fold = 0; fold < folds; ++fold) {
    const bool all_have_runs = std::all_of(methods.begin(), methods.end(), [&](int method) {
      bool any = false;
      for (uint64_t seed = 1; seed <= seeds; ++seed) any = any || has(method, fold, seed);
      return any;
    });
    if (all_have_runs) grid.folds.push_back(fold);
  }
  for (uint64_t seed = 1; seed <= seeds && !grid.folds.empty(); ++seed) {
    bool complete = true;
    for (const int method : methods) {
      for (const int fold : grid.folds) complete = complete && has(method, fold, seed);
    }
    if (complete) grid.seeds.push_back(seed);
  }
  return grid;
}

Result<FinishedRuns> FinishedRuns::Find(FileSystem& files, const ComparePlan& plan) {
  FinishedRuns out;
  out.files_ = &files;
  out.plan_ = &plan;
  InputChecksums now(files);
  for (const PlannedRun& run : plan.runs) {
    ASSIGN_OR_RETURN(std::optional<RunRecord> record, FindRunRecord(run, &now));
    if (record.has_value()) {
      out.runs_.push_back({&run, std::move(*record)});
      continue;
    }
    ASSIGN_OR_RETURN(std::optional<std::string> why, FindFailure(files, run));
    if (why.has_value()) out.failed_.push_back({&run, std::move(*why)});
  }
  return out;
}

const FinishedRun* FinishedRuns::At(int method, int fold, uint64_t seed) const {
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const FinishedRun& f) {
    return f.run->method == method && f.run->fold == fold && f.run->seed == seed;
  });
  return found == runs_.end() ? nullptr : &*found;
}

size_t FinishedRuns::FailuresOf(int method) const {
  return static_cast<size_t>(
      std::count_if(failed_.begin(), failed_.end(),
                    [&](const FailedRun& failed) { return failed.run->method == method; }));
}

RunGrid FinishedRuns::CommonRuns(const std::vector<int>& methods) const {
  return GridOf(
      methods, config().data_size(), config().seeds(),
      [&](int method, int fold, uint64_t seed) { return At(method, fold, seed) != nullptr; });
}

Result<worker::Scores> FinishedRuns::ScoresOf(const FinishedRun& run) const {
  return worker::LoadScores(*files_, run.run->ScoresPath());
}

}  // namespace chorus::launch
