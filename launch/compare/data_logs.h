#pragma once
// Which logs the data sets of a comparison share. A log is one file, known by its fingerprint
// (LogReader::fingerprint): copies under other names are one log; a directory stands for its *.log
// files. Thread safety: pure function.

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"

namespace chorus::launch {

// Error: kInvalidArgument, names data sets, fields and files, when
//   a data set's train or potential holds a log of its test: it would be tested on what it learnt;
//   its train, its potential or all tests together hold a log twice: its rows would count twice.
// Data sets may share logs of train, and one may train on another's test, as folds do. A log that
// is gone is passed over, as is one without rows; the error of one that cannot be read.
Status CheckDataLogs(FileSystem& files, const CompareConfig& config);

}  // namespace chorus::launch
