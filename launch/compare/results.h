#pragma once
// What a comparison says about each finished run: results.jsonl, one line a run in the plan's
// order, without anything that depends on time or place. Thread safety: one thread.

#include <string>
#include <vector>

#include "common/compare.pb.h"
#include "launch/compare/finished_runs.h"

namespace chorus::launch {

// Errors: those of RunScoresReader.
Result<std::vector<RunResult>> ResultsOf(const FinishedRuns& finished);

// The lines, each ended by a newline.
Result<std::string> ResultLines(const std::vector<RunResult>& results);

// Whether every line of a text is one of ResultLines.
bool AreResultLines(const std::string& text);

// The value of this column; null: the run has none.
const RunMetric* FindMetric(const RunResult& result, const std::string& column);

}  // namespace chorus::launch
