// `chorus report`: the curves of one training run as a page, from its metrics.jsonl.

#include <cstdio>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/strings.h"
#include "launch/commands.h"
#include "launch/report/report_log.h"
#include "launch/report/run_page.h"
#include "launch/report/write_page.h"

namespace chorus::launch {

Status RunReport(const ReportArguments& arguments) {
  FileSystem& files = PosixFiles();
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
  RETURN_IF_ERROR(WritePage(files, output, RunPage(directory, reports)));
  if (output == "-") return Status::Ok();
  std::printf("wrote %s\n", output.c_str());
  std::fflush(stdout);
  return Status::Ok();
}

}  // namespace chorus::launch
