#pragma once
// The results of a comparison's finished runs: results.jsonl has one line per run in the plan's
// order, and nothing in it depends on time or place. Thread safety: one thread.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/compare.pb.h"
#include "launch/compare/measure/run_rows.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::launch {

// The metric of a column for a run, ready to be resampled by run->groups(): one definition for the
// number in the table and for the draws behind its interval. REQUIRES: run->Has(column).
std::unique_ptr<worker::ResampledMetric> MetricOf(const Column& column, RunRows* run);

// The column's number for this run; absent: it has no rows or is undefined.
std::optional<RunMetric> ValueOf(const Column& column, RunRows* run);

// Errors: those of RunScoresReader.
Result<std::vector<RunResult>> ResultsOf(const FinishedRuns& finished);

// The lines, each ended by a newline.
Result<std::string> ResultLines(const std::vector<RunResult>& results);
// Whether every line of a text is one of ResultLines.
bool AreResultLines(std::string_view text);

// The value of this column; null: the run has none.
const RunMetric* FindMetric(const RunResult& result, const std::string& column);

}  // namespace chorus::launch
