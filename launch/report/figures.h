#pragma once
// The pictures that the report of one run and that of a comparison share.
// Thread safety: pure functions.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/report.pb.h"
#include "launch/report/panel.h"

namespace chorus::launch {

// A line of points with its style (panel.h); a gap begins a new one.
struct Curve {
  std::vector<Point> points;
  std::string style;
};

std::string CurvesPicture(const std::string& title, const std::string& description,
                          const std::string& x_label, const std::string& y_label,
                          const std::vector<Curve>& curves);

// The total loss by step, one curve per stage.
std::vector<Curve> LossCurves(const std::vector<Report>& reports, const std::string& style);
// One term's weighted mean loss by step, one curve per stage.
std::vector<Curve> TermCurves(const std::vector<Report>& reports, const std::string& term,
                              const std::string& style);
// The names of the loss terms, in the order of their first report.
std::vector<std::string> TermNames(const std::vector<Report>& reports);

// Mean label by mean prediction of each bin, on axes by square root, beside the diagonal. One curve
// per run. `task`: "CVR on clicked exposures".
std::string CalibrationPicture(const std::string& title, const std::string& task,
                               const std::vector<std::vector<CalibrationBin>>& runs);
std::optional<TaskMetrics> FindTask(const Evaluation& evaluation, const std::string& task);

// PCOC by pCTR with its intervals. low, high: the ends of the y axis, so that pictures can share
// it.
struct PcocRange {
  double low = 0.5;
  double high = 2;
};
PcocRange RangeOf(std::span<const PcocBucket> buckets, PcocRange range = {});
std::string PcocPicture(const std::string& title, std::span<const PcocBucket> buckets,
                        const PcocRange& range);

}  // namespace chorus::launch
