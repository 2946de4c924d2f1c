#pragma once
// What a column measures of a run: one definition for the number in the table and for the draws
// behind its interval. Thread safety: pure functions.

#include <memory>
#include <optional>

#include "common/compare.pb.h"
#include "launch/compare/columns.h"
#include "launch/compare/run_rows.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::launch {

// Ready to be drawn again by run->groups().  REQUIRES: run->Has(column).
std::unique_ptr<worker::ResampledMetric> MetricOf(const Column& column, RunRows* run);

// The column's number for this run; absent: it has no rows or is undefined.
std::optional<RunMetric> ValueOf(const Column& column, RunRows* run);

}  // namespace chorus::launch
