#include "launch/report/report_log.h"

#include <algorithm>

#include "common/json.h"
#include "common/log.h"
#include "common/strings.h"

namespace chorus::launch {

std::string MetricsPath(FileSystem& files, const std::string& path) {
  const std::string inside = JoinPath(path, "metrics.jsonl");
  if (files.Exists(inside)) return inside;
  const bool is_file = files.Exists(path) && !files.List(path).ok();
  return is_file || path.ends_with(".jsonl") ? path : inside;
}

Result<std::vector<Report>> ReadReports(FileSystem& files, const std::string& path) {
  const std::string file = MetricsPath(files, path);
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, file));
  std::vector<std::string> lines = Split(text, '\n');
  if (!lines.back().empty()) {
    LogWarning(file, ":", lines.size(), ": has no end and is passed over: its run was killed, or ",
               "is writing it");
  }
  lines.pop_back();
  std::vector<Report> reports;
  for (size_t i = 0; i < lines.size(); ++i) {
    const Status parsed = FromJson(lines[i], &reports.emplace_back());
    if (parsed.ok()) continue;
    if (i == 0) {
      return DataLoss(StrCat(file, ":1: is no report of a training run: give the run's directory, ",
                             "or the file that its report.metrics names (metrics.jsonl)"));
    }
    return DataLoss(StrCat(file, ":", i + 1, ": is not a report: ", parsed.message()));
  }
  if (reports.empty()) return DataLoss(file + ": holds no report");
  return reports;
}

bool HasAnythingToDraw(const std::vector<Report>& reports) {
  return std::any_of(reports.begin(), reports.end(), [](const Report& report) {
    return report.has_progress() || report.has_evaluation();
  });
}

const Evaluation* LastEvaluation(const std::vector<Report>& reports) {
  for (auto report = reports.rbegin(); report != reports.rend(); ++report) {
    if (report->has_evaluation()) return &report->evaluation();
  }
  return nullptr;
}

}  // namespace chorus::launch
