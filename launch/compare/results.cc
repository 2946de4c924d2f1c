#include "launch/compare/results.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/strings.h"
#include "launch/compare/column_value.h"
#include "launch/compare/columns.h"
#include "launch/compare/run_rows.h"
#include "launch/compare/run_scores.h"

namespace chorus::launch {
namespace {

Result<RunResult> ResultOf(const FinishedRuns& finished, const FinishedRun& run,
                           const std::vector<Column>& columns, RunScoresReader* reader) {
  const CompareConfig& config = finished.plan().config;
  const CompareMethod& method = finished.plan().method(*run.run);
  RunResult result;
  result.set_comparison(config.name());
  result.set_method(method.name());
  result.set_reference(method.reference());
  result.set_seed(run.run->seed);
  result.set_fold(config.data(static_cast<int>(run.run->fold)).name());
  result.set_steps(run.record.steps());
  *result.mutable_evaluation() = run.record.evaluation();
  ASSIGN_OR_RETURN(const RunScores scores, reader->Read(run));
  RunRows rows(scores, method.reference());
  for (const Column& column : columns) {
    std::optional<RunMetric> metric = ValueOf(column, &rows);
    if (metric.has_value()) *result.add_metric() = *std::move(metric);
  }
  return result;
}

}  // namespace

Result<std::vector<RunResult>> ResultsOf(const FinishedRuns& finished) {
  const std::vector<Column> columns = ColumnsOf(finished.plan().config);
  RunScoresReader reader(finished);
  std::vector<RunResult> results;
  for (const FinishedRun& run : finished.runs()) {
    ASSIGN_OR_RETURN(RunResult result, ResultOf(finished, run, columns, &reader));
    results.push_back(std::move(result));
  }
  return results;
}

Result<std::string> ResultLines(const std::vector<RunResult>& results) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string lines;
  for (const RunResult& result : results) {
    std::string line;
    if (!google::protobuf::util::MessageToJsonString(result, &line, options).ok()) {
      return Internal("a result cannot be written as JSON");
    }
    lines += line + "\n";
  }
  return lines;
}

bool AreResultLines(const std::string& text) {
  for (const std::string& line : Split(text, '\n')) {
    RunResult result;
    if (line.empty()) continue;
    if (!google::protobuf::util::JsonStringToMessage(line, &result).ok()) return false;
    if (result.comparison().empty() || result.method().empty()) return false;
  }
  return true;
}

const RunMetric* FindMetric(const RunResult& result, const std::string& column) {
  const auto found = std::find_if(result.metric().begin(), result.metric().end(),
                                  [&](const RunMetric& metric) { return metric.name() == column; });
  return found == result.metric().end() ? nullptr : &*found;
}

}  // namespace chorus::launch
