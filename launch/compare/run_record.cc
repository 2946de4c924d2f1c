#include "launch/compare/run_record.h"

#include <google/protobuf/text_format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config.h"
#include "common/log.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

constexpr uint32_t kVersion = 1;
constexpr std::string_view kNotFinished = "; this run counts as not finished";
constexpr std::string_view kChecksumPrefix = "# checksum ";

// What may differ between a run and its continuation: who computes, what is told, and where; and
// what an evaluation says beside the scores, from which the tables are made.
const std::vector<std::string>& FreeFields() {
  static const std::vector<std::string> fields = {"cluster",
                                                  "checkpoint",
                                                  "report",
                                                  "evaluate.k",
                                                  "evaluate.every_steps",
                                                  "evaluate.group_metrics",
                                                  "compute.threads",
                                                  "compute.reader_threads"};
  return fields;
}

std::string ChecksumLine(std::string_view text) {
  return StrCat(kChecksumPrefix, Checksum(text), "\n");
}

Result<RunRecord> ReadRecord(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
  const size_t line = text.rfind(kChecksumPrefix);
  if (line == std::string::npos ||
      text.substr(line) != ChecksumLine(std::string_view(text).substr(0, line))) {
    return DataLoss(path + ": its checksum line does not fit the text before it");
  }
  RunRecord record;
  if (!google::protobuf::TextFormat::ParseFromString(text.substr(0, line), &record)) {
    return DataLoss(path + ": not a record that this version can read");
  }
  if (record.version() != kVersion) {
    return DataLoss(StrCat(path, ": version ", record.version(), ", expected ", kVersion));
  }
  return record;
}

Status CheckSameJob(FileSystem& files, const PlannedRun& run) {
  ASSIGN_OR_RETURN(const auto file, files.OpenForRead(run.JobPath()));
  if (file->size() == 0) {
    return FailedPrecondition(StrCat(run.JobPath(), " is empty: what ", run.folder,
                                     " was made with is lost; remove that folder, and its run is "
                                     "done again"));
  }
  Result<TrainConfig> made = LoadTrainConfig(run.JobPath(), {});
  if (!made.ok()) return made.status();
  const std::vector<std::string> differing = DifferingFields(*made, run.config, FreeFields());
  if (differing.empty()) return Status::Ok();
  return FailedPrecondition(StrCat(
      run.folder, " was made with another configuration (there | here): ", Join(differing, "; ")));
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

Status WriteJob(FileSystem& files, const PlannedRun& run) {
  RETURN_IF_ERROR(files.CreateDirectories(run.folder));
  if (files.Exists(run.JobPath())) return Status::Ok();
  return ReplaceFile(files, run.JobPath(), PrintConfig(run.config));
}

Status WriteRunRecord(FileSystem& files, const std::string& folder, RunRecord record) {
  ASSIGN_OR_RETURN(const uint64_t job, ChecksumOfFile(files, JoinPath(folder, "job.textproto")));
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
  if (!files.Exists(run.JobPath())) return std::optional<RunRecord>();
  RETURN_IF_ERROR(CheckSameJob(files, run));
  if (!files.Exists(run.DonePath())) return std::optional<RunRecord>();
  Result<RunRecord> record = ReadRecord(files, run.DonePath());
  if (!record.ok() && record.status().code() == Code::kDataLoss) {
    LogWarning(record.status().message(), kNotFinished);
    return std::optional<RunRecord>();
  }
  RETURN_IF_ERROR(record.status());
  ASSIGN_OR_RETURN(const uint64_t job, ChecksumOfFile(files, run.JobPath()));
  if (record->job_checksum() != job) {
    LogWarning(run.DonePath(), ": is the record of another job.textproto", kNotFinished);
    return std::optional<RunRecord>();
  }
  RETURN_IF_ERROR(CheckSameInputs(run, *record, now));
  ASSIGN_OR_RETURN(const std::string wrong, WrongWithScores(files, run, *record));
  if (!wrong.empty()) {
    LogWarning(wrong, kNotFinished);
    return std::optional<RunRecord>();
  }
  return std::optional<RunRecord>(std::move(*record));
}

}  // namespace chorus::launch
