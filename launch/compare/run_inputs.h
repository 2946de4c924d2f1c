#pragma once
// What a run was made from, as its record tells it. Thread safety: pure functions, and as written.

#include <google/protobuf/repeated_ptr_field.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/compare.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/compare/plan.h"

namespace chorus::launch {

// Fingerprints of logs and checksums of files as they lie there now, each made once: the runs of a
// comparison share logs and oracle files. For one look at all runs, while nothing changes.
// Thread safety: one thread.
class InputChecksums {
 public:
  // `files` outlives this.
  explicit InputChecksums(FileSystem& files) : files_(files) {}
  FileSystem& files() const { return files_; }

  const Result<uint64_t>& OfLog(const google::protobuf::RepeatedPtrField<std::string>& paths);
  const Result<uint64_t>& OfFile(const std::string& path);

 private:
  FileSystem& files_;
  std::map<std::vector<std::string>, Result<uint64_t>> logs_;
  std::map<std::string, Result<uint64_t>> checksums_;
};

// The fingerprints of the run's logs and oracle file in a record that holds nothing else yet. To be
// taken before the run begins. Errors name the file.
Result<RunRecord> RecordOfInputs(FileSystem& files, const TrainConfig& config);

// Error: kFailedPrecondition when another log or oracle file lies at a path of the run now than
// when the run was made (one that is gone is not compared).
Status CheckSameInputs(const PlannedRun& run, const RunRecord& record, InputChecksums* now);

// Checksum (file.h) of a file of any size.
Result<uint64_t> ChecksumOfFile(FileSystem& files, const std::string& path);

}  // namespace chorus::launch
