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
constexpr std::string_view kChecksumPrefix = "# checksum ";

// What may differ between a run and its continuation: who computes, what is told, and where.
const std::vector<std::string>& FreeFields() {
  static const std::vector<std::string> fields = {"cluster", "checkpoint", "report",
                                                  "compute.threads"};
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

Status CheckSameJob(const PlannedRun& run) {
  Result<TrainConfig> made = LoadTrainConfig(run.JobPath(), {});
  if (!made.ok()) return made.status();
  const std::vector<std::string> differing = DifferingFields(*made, run.config, FreeFields());
  if (differing.empty()) return Status::Ok();
  return FailedPrecondition(StrCat(
      run.folder, " was made with another configuration (there | here): ", Join(differing, "; ")));
}

}  // namespace

Status WriteJob(FileSystem& files, const PlannedRun& run) {
  RETURN_IF_ERROR(files.CreateDirectories(run.folder));
  if (files.Exists(run.JobPath())) return Status::Ok();
  return ReplaceFile(files, run.JobPath(), PrintConfig(run.config));
}

Status WriteRunRecord(FileSystem& files, const std::string& folder, RunRecord record) {
  ASSIGN_OR_RETURN(const std::string job, ReadWholeFile(files, JoinPath(folder, "job.textproto")));
  record.set_version(kVersion);
  record.set_job_checksum(Checksum(job));
  std::string text;
  if (!google::protobuf::TextFormat::PrintToString(record, &text)) {
    return Internal("the record of a run cannot be printed");
  }
  return ReplaceFile(files, JoinPath(folder, "DONE"), text + ChecksumLine(text));
}

Result<std::optional<RunRecord>> FindRunRecord(FileSystem& files, const PlannedRun& run) {
  if (!files.Exists(run.JobPath())) return std::optional<RunRecord>();
  RETURN_IF_ERROR(CheckSameJob(run));
  if (!files.Exists(run.DonePath())) return std::optional<RunRecord>();
  Result<RunRecord> record = ReadRecord(files, run.DonePath());
  if (!record.ok() && record.status().code() == Code::kDataLoss) {
    LogWarning(record.status().message(), "; this run is done again");
    return std::optional<RunRecord>();
  }
  RETURN_IF_ERROR(record.status());
  ASSIGN_OR_RETURN(const std::string job, ReadWholeFile(files, run.JobPath()));
  if (record->job_checksum() != Checksum(job)) {
    LogWarning(run.DonePath(), ": is the record of another job.textproto; this run is done again");
    return std::optional<RunRecord>();
  }
  return std::optional<RunRecord>(std::move(*record));
}

}  // namespace chorus::launch
