// `chorus report`: the curves of one training run as a page, from its metrics.jsonl; for a
// comparison it says where its report is.

#include <cstdio>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/strings.h"
#include "launch/command/commands.h"
#include "launch/compare/run/plan.h"
#include "launch/report/report_log.h"
#include "launch/report/run_page.h"
#include "launch/report/write_page.h"
#include "worker/log/folder_kind.h"
#include "worker/train/run_head.h"

namespace chorus::launch {

namespace {

// A comparison's directory has a report of its own, and no metrics.jsonl.
Status PointToComparison(FileSystem& files, const std::string& directory) {
  const std::string page = JoinPath(directory, "report.html");
  if (files.Exists(page)) {
    std::printf("%s holds a comparison; its report is %s\n", directory.c_str(), page.c_str());
    return Status::Ok();
  }
  return FailedPrecondition(
      StrCat(directory, " holds a comparison without a report yet: `chorus compare --config ... ",
             "--output ", directory, " --report-only` makes it"));
}

bool HoldsComparison(FileSystem& files, const std::string& path) {
  return !files.Exists(MetricsPath(files, path)) && files.Exists(JoinPath(path, kRunsName));
}

}  // namespace

Status RunReport(const ReportArguments& arguments) {
  FileSystem& files = PosixFiles();
  if (HoldsComparison(files, arguments.path)) return PointToComparison(files, arguments.path);
  const std::string metrics = MetricsPath(files, arguments.path);
  if (files.Exists(arguments.path) && !files.Exists(metrics)) {
    return NotFound(StrCat(arguments.path, ": no report of a training run (", metrics, ")",
                           worker::WhatIsThere(files, arguments.path)));
  }
  ASSIGN_OR_RETURN(const std::vector<Report> reports, ReadReports(files, arguments.path));
  if (!HasAnythingToDraw(reports)) {
    return FailedPrecondition(
        StrCat(MetricsPath(files, arguments.path),
               " holds neither steps nor an evaluation: there is nothing to draw yet"));
  }
  const std::string directory = DirectoryOf(MetricsPath(files, arguments.path));
  const std::string output =
      arguments.output.empty() ? JoinPath(directory, "report.html") : arguments.output;
  RETURN_IF_ERROR(files.CreateDirectories(DirectoryOf(output)));
  const RunHead head = worker::ReadRunHead(files, MetricsPath(files, arguments.path));
  RETURN_IF_ERROR(WritePage(files, output, RunPage(directory, head, reports)));
  if (output == "-") return Status::Ok();
  std::printf("wrote %s\n", output.c_str());
  std::fflush(stdout);
  return Status::Ok();
}

}  // namespace chorus::launch
