#pragma once
// Reads metrics.jsonl, the reports of a training run (report.proto). Thread safety: as pure
// functions; a line that is passed over is logged.

#include <string>
#include <vector>

#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"

namespace chorus::launch {

// path: the file, or a directory that holds metrics.jsonl. Errors: kNotFound; kDataLoss, which
// names the file and the line. A last line without an end is what a killed run leaves, and is
// passed over.
Result<std::vector<Report>> ReadReports(FileSystem& files, const std::string& path);

// `path` itself if it names a file, otherwise the path of the metrics.jsonl in it.
std::string MetricsPath(FileSystem& files, const std::string& path);

// Whether a page of these reports would show anything: a reported step or an evaluation.
bool HasAnythingToDraw(const std::vector<Report>& reports);

// The last evaluation; null: there is none.
const Evaluation* LastEvaluation(const std::vector<Report>& reports);

}  // namespace chorus::launch
