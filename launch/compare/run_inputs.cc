#include "launch/compare/run_inputs.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

#include "common/checksum_stream.h"
#include "common/strings.h"
#include "worker/log/log_reader.h"

namespace chorus::launch {
namespace {

using Paths = google::protobuf::RepeatedPtrField<std::string>;

Result<uint64_t> FingerprintOf(FileSystem& files, const Paths& paths) {
  ASSIGN_OR_RETURN(const auto log, worker::LogReader::Open(files, {paths.begin(), paths.end()}));
  return log->fingerprint();
}

// made, now: the fingerprint of the input when the run was made, and of what lies at its path.
Status CheckInput(const PlannedRun& run, const char* kind, const std::string& paths, uint64_t made,
                  const Result<uint64_t>& now) {
  if (!now.ok() && now.status().code() == Code::kNotFound) return Status::Ok();
  RETURN_IF_ERROR(now.status());
  if (*now == made) return Status::Ok();
  return FailedPrecondition(
      StrCat(run.folder, " was made with another ", kind, " than is now at ", paths,
             " (fingerprint ", HexDigits(made), " | ", HexDigits(*now),
             "): compare into another --output, or remove the runs that are out of date"));
}

}  // namespace

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

const Result<uint64_t>& InputChecksums::OfLog(const Paths& paths) {
  const std::vector<std::string> key(paths.begin(), paths.end());
  const auto made = logs_.find(key);
  return (made != logs_.end() ? made : logs_.emplace(key, FingerprintOf(files_, paths)).first)
      ->second;
}

const Result<uint64_t>& InputChecksums::OfFile(const std::string& path) {
  const auto made = checksums_.find(path);
  return (made != checksums_.end() ? made
                                   : checksums_.emplace(path, ChecksumOfFile(files_, path)).first)
      ->second;
}

Status CheckSameInputs(const PlannedRun& run, const RunRecord& record, InputChecksums* now) {
  const Paths& train = run.config.data().log();
  const Paths& test = run.config.evaluate().log();
  const std::string& oracle = run.config.evaluate().oracle();
  const auto joined = [](const Paths& paths) { return Join({paths.begin(), paths.end()}, ", "); };
  if (record.has_train_log()) {
    RETURN_IF_ERROR(
        CheckInput(run, "training log", joined(train), record.train_log(), now->OfLog(train)));
  }
  if (record.has_test_log()) {
    RETURN_IF_ERROR(CheckInput(run, "test log", joined(test), record.test_log(), now->OfLog(test)));
  }
  if (!record.has_oracle()) return Status::Ok();
  return CheckInput(run, "oracle file", oracle, record.oracle(), now->OfFile(oracle));
}

Result<uint64_t> ChecksumOfFile(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, files.OpenForRead(path));
  std::vector<std::byte> part(1 << 20);
  ChecksumStream checksum;
  for (uint64_t at = 0; at < file->size(); at += part.size()) {
    part.resize(std::min<uint64_t>(part.size(), file->size() - at));
    RETURN_IF_ERROR(file->ReadAt(at, part).Annotate(path));
    checksum.Add(part);
  }
  return checksum.value();
}

}  // namespace chorus::launch
