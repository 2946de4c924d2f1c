#pragma once
// The logs that a comparison reads. A log is one file, known by its fingerprint
// (LogReader::fingerprint): copies under other names are one log; a directory stands for its *.log
// files. Thread safety: pure functions.

#include <google/protobuf/repeated_ptr_field.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "launch/compare/run/plan.h"
#include "worker/log/log_reader.h"

namespace chorus::launch {

using LogPaths = google::protobuf::RepeatedPtrField<std::string>;  // of one log, as in TrainConfig
Result<std::unique_ptr<worker::LogReader>> OpenLog(FileSystem& files, const LogPaths& paths);

// Error: kInvalidArgument, names data sets, fields and files, when
//   a data set's train or potential holds a log of its test: it would be tested on what it learnt;
//   its train, its potential or all tests together hold a log twice: its rows would count twice;
//   its validation holds a log of its train, its potential or its test.
// Data sets may share logs of train, and one may train on another's test, as folds do. A log that
// is missing or has no rows is passed over; for a log that cannot be read the error is the
// reader's.
Status CheckDataLogs(FileSystem& files, const CompareConfig& config);

// Checks, before any run trains, that the run's logs open and have the same slots, that its oracle
// file has the truth of its test log, and that the comparison's `field` is a one-hot slot of the
// test log. Errors: kFailedPrecondition for the oracle file of another log, and those of the
// readers. Each names the configuration's file, the data set, the field and what is expected there.
Status CheckReady(FileSystem& files, const ComparePlan& plan, const PlannedRun& run);

// The ids of one slot of a log, exposure by exposure.
struct SlotIds {
  std::vector<uint64_t> row_id, id;  // [rows of the log]; id 0: the exposure has none
};
// Errors: those of LogReader; kInvalidArgument when the log has no such slot, or one of many ids.
Result<SlotIds> ReadSlot(FileSystem& files, const LogPaths& paths, const std::string& slot);

}  // namespace chorus::launch
