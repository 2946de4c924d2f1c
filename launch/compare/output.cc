#include "launch/compare/output.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/config.h"
#include "common/strings.h"
#include "launch/compare/cells.h"
#include "launch/compare/finished_runs.h"
#include "launch/compare/report_page.h"
#include "launch/compare/results.h"
#include "launch/compare/table_markdown.h"
#include "launch/report/write_page.h"

namespace chorus::launch {

Status CheckOutput(FileSystem& files, const std::string& output, bool resume) {
  if (!files.Exists(output)) return Status::Ok();
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(output));
  if (names.empty()) return Status::Ok();
  const bool has_runs = std::find(names.begin(), names.end(), kRunsName) != names.end();
  if (resume && has_runs) return Status::Ok();
  return FailedPrecondition(StrCat(
      output, " is not empty: ",
      has_runs ? "--resume goes on with the runs in it, " : "it holds something else than runs; ",
      "--output names another"));
}

Status WriteOutput(FileSystem& files, const ComparePlan& plan, worker::ThreadPool* pool) {
  ASSIGN_OR_RETURN(const FinishedRuns finished, FinishedRuns::Find(files, plan));
  if (finished.runs().empty()) {
    return FailedPrecondition(plan.output + ": no run is finished yet");
  }
  ASSIGN_OR_RETURN(const std::vector<RunResult> results, ResultsOf(finished));
  ASSIGN_OR_RETURN(const std::string lines, ResultLines(results));
  ASSIGN_OR_RETURN(const CompareTable table, MakeTable(finished, results, pool));
  const auto write = [&](const char* name, const std::string& text) {
    return ReplaceFile(files, JoinPath(plan.output, name), text);
  };
  RETURN_IF_ERROR(write("compare.textproto", PrintConfig(plan.config)));
  RETURN_IF_ERROR(write("results.jsonl", lines));
  RETURN_IF_ERROR(write("table.md", TableMarkdown(finished, table)));
  ASSIGN_OR_RETURN(const std::string page, ReportPage(finished, table));
  return WritePage(files, JoinPath(plan.output, "report.html"), page);
}

}  // namespace chorus::launch
