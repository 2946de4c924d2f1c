#include "launch/compare/show/output.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config.h"
#include "common/output_file.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "launch/compare/measure/results.h"
#include "launch/compare/show/pages.h"
#include "launch/report/write_page.h"

namespace chorus::launch {
namespace {

// Whether PrintConfig wrote the text, and nobody has added anything to it.
bool IsPrintedConfig(std::string_view text) {
  struct Silent : google::protobuf::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } silent;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&silent);
  CompareConfig config;
  return parser.ParseFromString(std::string(text), &config) && PrintConfig(config) == text;
}

// The files that are written, and the test by which a text is recognised as one of them.
constexpr std::pair<const char*, bool (*)(std::string_view)> kWritten[] = {
    {"compare.textproto", IsPrintedConfig},
    {"results.jsonl", AreResultLines},
    {"table.md", IsTableMarkdown},
    {"report.html", IsPage}};

// Error when one of kWritten is there and is something else.
Status CheckReplaceable(FileSystem& files, const std::string& output) {
  for (const auto& [name, is_ours] : kWritten) {
    const std::string path = JoinPath(output, name);
    ASSIGN_OR_RETURN(const FileSystem::Target target, files.TargetOf(path));
    if (target.in_place || !files.Exists(target.path)) continue;
    ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, target.path));
    if (is_ours(text)) continue;
    return FailedPrecondition(path +
                              " is there and is nothing that a comparison of this version wrote: "
                              "move it away, or give another --output");
  }
  return Status::Ok();
}

}  // namespace

Status CheckOutput(FileSystem& files, const std::string& output, bool resume) {
  if (!files.Exists(output)) return Status::Ok();
  ASSIGN_OR_RETURN(std::vector<std::string> names, files.List(output));
  std::erase(names, kFolderLockName);
  if (names.empty()) return Status::Ok();
  const bool has_runs = std::find(names.begin(), names.end(), kRunsName) != names.end();
  if (resume && has_runs) return CheckReplaceable(files, output);
  return FailedPrecondition(StrCat(
      output, " is not empty: ",
      has_runs ? "--resume goes on with the runs in it, " : "it holds something else than runs; ",
      "--output names another"));
}

Status WriteOutput(FileSystem& files, const ComparePlan& plan, worker::ThreadPool* pool) {
  RETURN_IF_ERROR(CheckReplaceable(files, plan.output));
  ASSIGN_OR_RETURN(const FinishedRuns finished, FinishedRuns::Find(files, plan));
  if (finished.runs().empty()) {
    std::string failed;
    for (const FailedRun& run : finished.failed()) {
      failed += StrCat("; ", plan.NameOf(*run.run), " failed: ", run.why);
    }
    return FailedPrecondition(StrCat(plan.output, ": no run is finished yet", failed));
  }
  ASSIGN_OR_RETURN(const std::vector<RunResult> results, ResultsOf(finished));
  ASSIGN_OR_RETURN(const std::string lines, ResultLines(results));
  ASSIGN_OR_RETURN(const CompareTable table, MakeTable(finished, results, pool));
  ASSIGN_OR_RETURN(const std::string page, ReportPage(finished, table));
  const std::string texts[] = {PrintConfig(plan.config), lines, TableMarkdown(finished, table),
                               page};
  for (size_t i = 0; i < std::size(kWritten); ++i) {
    ASSIGN_OR_RETURN(const auto file,
                     OutputFile::Create(files, JoinPath(plan.output, kWritten[i].first)));
    RETURN_IF_ERROR(file->Append(texts[i]));
    RETURN_IF_ERROR(file->Commit());
  }
  return Status::Ok();
}

}  // namespace chorus::launch
