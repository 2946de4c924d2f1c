#include "launch/report/figures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// The curves of a value that some reports have; a stage's steps are a curve of their own.
template <typename Value>
std::vector<Curve> CurvesByStage(const std::vector<Report>& reports, const std::string& style,
                                 Value value) {
  std::map<uint32_t, Curve> stages;
  for (const Report& report : reports) {
    if (!report.has_progress()) continue;
    const std::optional<double> y = value(report.progress());
    if (!y.has_value()) continue;
    Curve& curve = stages[report.stage()];
    curve.style = style;
    curve.points.push_back({static_cast<double>(report.step()), *y});
  }
  std::vector<Curve> curves;
  for (auto& [stage, curve] : stages) curves.push_back(std::move(curve));
  return curves;
}

double Rate(const CalibrationBin& bin) { return bin.labels() / static_cast<double>(bin.rows()); }

}  // namespace

std::string CurvesPicture(const std::string& title, const std::string& description,
                          const std::string& x_label, const std::string& y_label,
                          const std::vector<Curve>& curves) {
  // The x axis begins at 0, whatever the first reported step is.
  std::vector<double> xs = {0}, ys;
  for (const Curve& curve : curves) {
    for (const Point& point : curve.points) {
      xs.push_back(point.x);
      ys.push_back(point.y);
    }
  }
  Panel panel(title, description, Axis::Fit(x_label, Axis::Scale::kLinear, xs),
              Axis::Fit(y_label, Axis::Scale::kLinear, ys));
  for (const Curve& curve : curves) {
    panel.Line(curve.points, curve.style);
    if (curve.points.size() == 1) panel.Dot(curve.points[0], curve.style);
  }
  return panel.Svg();
}

std::vector<Curve> LossCurves(const std::vector<Report>& reports, const std::string& style) {
  return CurvesByStage(reports, style,
                       [](const StepReport& step) { return std::optional<double>(step.loss()); });
}

std::vector<Curve> TermCurves(const std::vector<Report>& reports, const std::string& term,
                              const std::string& style) {
  return CurvesByStage(reports, style, [&](const StepReport& step) -> std::optional<double> {
    for (const TermLoss& loss : step.term()) {
      if (loss.name() != term || loss.weight() == 0 || loss.denominator() == 0) continue;
      return loss.weight() * loss.sum() / loss.denominator();
    }
    return std::nullopt;
  });
}

std::vector<std::string> TermNames(const std::vector<Report>& reports) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Report& report : reports) {
    for (const TermLoss& term : report.progress().term()) {
      if (seen.insert(term.name()).second) names.push_back(term.name());
    }
  }
  return names;
}

std::string CalibrationPicture(const std::string& title, const std::string& task,
                               const std::vector<std::vector<CalibrationBin>>& runs) {
  std::vector<double> values;
  for (const auto& bins : runs) {
    for (const CalibrationBin& bin : bins) {
      values.push_back(bin.mean_prediction());
      values.push_back(Rate(bin));
    }
  }
  const Axis axis = Axis::Fit("mean prediction", Axis::Scale::kRoot, values);
  const Axis rate = Axis::Range("rate", Axis::Scale::kRoot, axis.low(), axis.high());
  Panel panel(title,
              StrCat("Calibration of ", task,
                     ": rate of positive labels by mean prediction, in bins of equal size. The "
                     "dashed line is perfect calibration; below it a prediction is too high."),
              axis, rate);
  panel.Rule({axis.low(), axis.low()}, {axis.high(), axis.high()});
  for (const auto& bins : runs) {
    std::vector<Point> points;
    for (const CalibrationBin& bin : bins) points.push_back({bin.mean_prediction(), Rate(bin)});
    panel.Line(points, "main thin");
    for (const Point& point : points) panel.Dot(point, "main thin");
  }
  return panel.Svg();
}

std::optional<TaskMetrics> FindTask(const Evaluation& evaluation, const std::string& task) {
  for (const TaskMetrics& metrics : evaluation.task()) {
    if (metrics.task() == task) return metrics;
  }
  return std::nullopt;
}

PcocRange RangeOf(std::span<const PcocBucket> buckets, PcocRange range) {
  for (const PcocBucket& bucket : buckets) {
    if (!bucket.has_pcoc()) continue;
    for (const double end : {bucket.pcoc_low(), bucket.pcoc(), bucket.pcoc_high()}) {
      if (!std::isfinite(end) || end <= 0) continue;
      range.low = std::min(range.low, end);
      range.high = std::max(range.high, end);
    }
  }
  return range;
}

std::string PcocPicture(const std::string& title, std::span<const PcocBucket> buckets,
                        const PcocRange& range) {
  std::vector<double> pctrs;
  for (const PcocBucket& bucket : buckets) pctrs.push_back(bucket.mean_pctr());
  const Axis x = Axis::Fit("mean pCTR of the bucket", Axis::Scale::kLog, pctrs);
  Panel panel(title,
              "Mean pCVR over the conversion rate of clicked exposures, by pCTR. Dots are buckets, "
              "bars 95 percent intervals of the rate; the dashed line at 1 is right, above it pCVR "
              "is too high.",
              x, Axis::Range("PCOC", Axis::Scale::kLog, range.low, range.high));
  panel.Rule({x.low(), 1}, {x.high(), 1});
  std::vector<Point> points;
  for (const PcocBucket& bucket : buckets) {
    if (!bucket.has_pcoc()) continue;
    points.push_back({bucket.mean_pctr(), bucket.pcoc()});
    panel.IntervalY(bucket.mean_pctr(), bucket.pcoc_low(), bucket.pcoc_high(), "main");
  }
  panel.Line(points, "main thin");
  for (const Point& point : points) panel.Dot(point, "main");
  return panel.Svg();
}

}  // namespace chorus::launch
