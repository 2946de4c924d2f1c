#pragma once
// What a run was made from, as its record tells it. Thread safety: pure functions.

#include <cstdint>
#include <string>

#include "common/compare.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/compare/plan.h"

namespace chorus::launch {

// The fingerprints of the run's logs and oracle file in a record that holds nothing else yet. To be
// taken before the run begins. Errors name the file.
Result<RunRecord> RecordOfInputs(FileSystem& files, const TrainConfig& config);

// Error: kFailedPrecondition when another log or oracle file lies at a path of the run now than
// when the run was made (one that is gone is not compared).
Status CheckSameInputs(FileSystem& files, const PlannedRun& run, const RunRecord& record);

// Error: kInvalidArgument when a data set trains on its test log, or two have one test log, whose rows
// would count twice; that of a log that cannot be read (one that is gone is passed over).
Status CheckTestLogs(FileSystem& files, const CompareConfig& config);

// Checksum (file.h) of a file of any size.
Result<uint64_t> ChecksumOfFile(FileSystem& files, const std::string& path);

}  // namespace chorus::launch
