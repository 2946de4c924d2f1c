#include "launch/compare/output.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/config.h"
#include "common/output_file.h"
#include "common/strings.h"
#include "launch/compare/cells.h"
#include "launch/compare/finished_runs.h"
#include "launch/compare/report_page.h"
#include "launch/compare/results.h"
#include "launch/compare/table_markdown.h"
#include "launch/report/write_page.h"

namespace chorus::launch {

namespace {

// PrintConfig wrote it: nothing that a person added is in it.
bool IsPrintedConfig(const std::string& text) {
  struct Silent : google::protobuf::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } silent;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&silent);
  CompareConfig config;
  return parser.ParseFromString(text, &config) && PrintConfig(config) == text;
}

bool IsPageText(const std::string& text) { return IsPage(text); }

// What is written, and whether a text is one that was.
struct Written {
  const char* name;
  bool (*is_ours)(const std::string& text);
};
constexpr Written kWritten[] = {{"compare.textproto", IsPrintedConfig},
                                {"results.jsonl", AreResultLines},
                                {"table.md", IsTableMarkdown},
                                {"report.html", IsPageText}};

// Error: one of kWritten is there and is something else.
Status CheckReplaceable(FileSystem& files, const std::string& output) {
  for (const Written& written : kWritten) {
    const std::string path = JoinPath(output, written.name);
    ASSIGN_OR_RETURN(const FileSystem::Target target, files.TargetOf(path));
    if (target.in_place || !files.Exists(target.path)) continue;
    ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, target.path));
    if (written.is_ours(text)) continue;
    return FailedPrecondition(path +
                              " is there and is nothing that a comparison of this version wrote: "
                              "move it away, or give another "
                              "--output");
  }
  return Status::Ok();
}

// [kWritten]
Result<std::vector<std::string>> Texts(const FinishedRuns& finished, worker::ThreadPool* pool) {
  ASSIGN_OR_RETURN(const std::vector<RunResult> results, ResultsOf(finished));
  ASSIGN_OR_RETURN(std::string lines, ResultLines(results));
  ASSIGN_OR_RETURN(const CompareTable table, MakeTable(finished, results, pool));
  ASSIGN_OR_RETURN(std::string page, ReportPage(finished, table));
  return std::vector<std::string>{PrintConfig(finished.plan().config), std::move(lines),
                                  TableMarkdown(finished, table), std::move(page)};
}

}  // namespace

Status CheckOutput(FileSystem& files, const std::string& output, bool resume) {
  if (!files.Exists(output)) return Status::Ok();
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(output));
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
    return FailedPrecondition(plan.output + ": no run is finished yet");
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, Texts(finished, pool));
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string path = JoinPath(plan.output, kWritten[i].name);
    ASSIGN_OR_RETURN(const auto file, OutputFile::Create(files, path));
    RETURN_IF_ERROR(file->Append(texts[i]));
    RETURN_IF_ERROR(file->Commit());
  }
  return Status::Ok();
}

}  // namespace chorus::launch
