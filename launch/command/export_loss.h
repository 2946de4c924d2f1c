#pragma once
// The loss of quality by rows in fewer bits: the metrics of two exports of one model on a log.
// Thread safety: one thread.

#include <string>
#include <vector>

#include "common/checkpoint.pb.h"
#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"

namespace chorus::launch {

// Checks that a log can measure this loss: it must have labels and the model's columns. No rows are
// read. Errors: those of LogReader; kFailedPrecondition when labels or columns are missing.
Status CheckLossLog(FileSystem& files, const std::vector<std::string>& log,
                    const CheckpointManifest& model);

// The metrics of an export on all exposures of a log, scored on this thread. Errors: those of
// LoadModel, of LogReader (the log's columns become the model's) and of BatchScorer.
Result<Evaluation> EvaluateExport(FileSystem& files, const std::string& folder,
                                  const std::vector<std::string>& log);

// A table of the AUCs of ctr, cvr and ctcvr, and their differences; form: "INT8".
std::string FormatLoss(const std::string& form, const Evaluation& full, const Evaluation& stored);

}  // namespace chorus::launch
