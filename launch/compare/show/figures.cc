#include "launch/compare/show/figures.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "launch/compare/measure/run_rows.h"
#include "launch/report/figures.h"
#include "launch/report/report_log.h"
#include "worker/metrics/calibration_bins.h"
#include "worker/metrics/pcoc_buckets.h"

namespace chorus::launch {
namespace {

constexpr int kRowPixels = 16;

template <typename T>
void Append(const std::vector<T>& from, std::vector<T>* to) {
  to->insert(to->end(), from.begin(), from.end());
}

bool SameSteps(const Curve& a, const Curve& b) {
  return std::equal(a.points.begin(), a.points.end(), b.points.begin(), b.points.end(),
                    [](const Point& p, const Point& q) { return p.x == q.x; });
}

// The mean of the runs' curves, stage by stage; nothing if runs reported different steps.
std::vector<Curve> MeanCurves(const std::vector<std::vector<Curve>>& runs) {
  std::vector<Curve> means = runs[0];
  for (const std::vector<Curve>& curves : runs) {
    if (!std::equal(curves.begin(), curves.end(), means.begin(), means.end(), SameSteps)) return {};
  }
  for (size_t s = 0; s < means.size(); ++s) {
    means[s].style = "main";
    for (size_t i = 0; i < means[s].points.size(); ++i) {
      double sum = 0;
      for (const std::vector<Curve>& curves : runs) sum += curves[s].points[i].y;
      means[s].points[i].y = sum / static_cast<double>(runs.size());
    }
  }
  return means;
}

// The curves of the method's runs that can be read; *missing: what is wrong with the others.
std::vector<std::vector<Curve>> CurvesOf(const FinishedRuns& finished, int method,
                                         std::vector<std::string>* missing) {
  std::vector<std::vector<Curve>> curves;
  const RunGrid grid = finished.CommonRuns({method});
  for (const int fold : grid.folds) {
    for (const uint64_t seed : grid.seeds) {
      const PlannedRun& run = *finished.At(method, fold, seed)->run;
      const auto reports = ReadReports(finished.files(), run.config.report().metrics());
      if (reports.ok()) {
        curves.push_back(LossCurves(*reports, "other thin"));
        continue;
      }
      missing->push_back(StrCat("No training curve of ", finished.plan().NameOf(run), ": ",
                                reports.status().message()));
      LogWarning(missing->back());
    }
  }
  return curves;
}

// The scores of one seed, over all data sets.
Result<std::vector<CalibrationBin>> CalibrationOf(const FinishedRuns& finished, int method,
                                                  uint64_t seed, const std::vector<int>& folds) {
  worker::TaskRows all;
  for (const int fold : folds) {
    ASSIGN_OR_RETURN(const worker::Scores scores,
                     finished.ScoresOf(*finished.At(method, fold, seed)));
    const worker::TaskRows rows = worker::RowsOfTask(scores, worker::Task::kCvr, {});
    Append(rows.logit, &all.logit);
    Append(rows.probability, &all.probability);
    Append(rows.label, &all.label);
    Append(rows.weight, &all.weight);
    all.weight.resize(all.logit.size(), 1);  // weights of a log without any
  }
  return worker::CalibrationBins(all.logit, all.probability, all.label, all.weight);
}

Result<std::vector<PcocBucket>> PcocOf(const FinishedRuns& finished, int method,
                                       RunScoresReader* reader) {
  std::vector<double> ctr_logit, pcvr;
  std::vector<uint8_t> conversion;
  const RunGrid grid = finished.CommonRuns({method});
  for (const int fold : grid.folds) {
    const FinishedRun& first = *finished.At(method, fold, grid.seeds[0]);
    if (CommonCtrRun(finished, first) == nullptr) continue;
    ASSIGN_OR_RETURN(const RunScores run, reader->Read(first));
    for (uint64_t i = 0; i < run.scores.rows(); ++i) {
      if (run.scores.click[i] == 0) continue;
      ctr_logit.push_back(run.common_ctr[i]);
      conversion.push_back(run.scores.conversion[i]);
    }
    std::vector<double> sums;  // over seeds
    for (const uint64_t seed : grid.seeds) {
      const FinishedRun& other = *finished.At(method, fold, seed);
      ASSIGN_OR_RETURN(const worker::Scores scores, finished.ScoresOf(other));
      RETURN_IF_ERROR(CheckSameLog(first, LogChecksum(run.scores), other, LogChecksum(scores)));
      const worker::TaskRows rows = worker::RowsOfTask(scores, worker::Task::kCvr, {});
      sums.resize(rows.probability.size());
      for (size_t i = 0; i < sums.size(); ++i) sums[i] += rows.probability[i];
    }
    for (const double sum : sums) pcvr.push_back(sum / static_cast<double>(grid.seeds.size()));
  }
  return worker::PcocByPctr(ctr_logit, pcvr, conversion, worker::kPcocBuckets);
}

std::vector<double> ShownValues(const std::vector<const Cell*>& cells) {
  std::vector<double> values = {0};
  for (const Cell* cell : cells) {
    values.push_back(cell->difference->estimate);
    if (!cell->has_interval()) continue;
    values.push_back(cell->difference->interval.low);
    values.push_back(cell->difference->interval.high);
  }
  return values;
}

std::string DotPlot(const CompareConfig& config, const CompareTable& table, size_t column) {
  std::vector<std::string> names;
  std::vector<const Cell*> cells;
  std::vector<bool> filled;  // where the table has bold
  for (const TableRow& row : table.rows) {
    const Cell& cell = row.cells[column];
    if (!cell.difference.has_value()) continue;
    names.push_back(config.method(row.method).name());
    cells.push_back(&cell);
    filled.push_back(cell.significant() && !row.reference);
  }
  if (cells.empty()) return "";
  const auto rows = static_cast<double>(names.size());
  const std::string& title = table.columns[column].title;
  Panel panel(title,
              StrCat("Difference of ", title, " to ", config.base(),
                     " by method, with 95 percent intervals. Filled dots differ significantly."),
              Axis::Fit("difference to " + config.base(), Axis::Scale::kLinear, ShownValues(cells)),
              Axis::Range("", Axis::Scale::kLinear, 0, rows));
  panel.Size(230, kRowPixels * static_cast<int>(names.size()) + kRowPixels / 2);
  panel.Rows(std::move(names));
  panel.Rule({0, 0}, {0, rows});
  for (size_t i = 0; i < cells.size(); ++i) {
    const double y = static_cast<double>(i) + 0.5;
    const worker::CombinedDifference& difference = *cells[i]->difference;
    if (cells[i]->has_interval()) {
      panel.IntervalX(y, difference.interval.low, difference.interval.high, "main");
    }
    panel.Dot({difference.estimate, y}, filled[i] ? "main" : "main hollow");
  }
  return panel.Svg();
}

}  // namespace

TrainingPictures TrainingCurves(const FinishedRuns& finished) {
  TrainingPictures out;
  for (int m = 0; m < finished.config().method_size(); ++m) {
    const std::vector<std::vector<Curve>> runs = CurvesOf(finished, m, &out.missing);
    if (runs.empty()) continue;
    std::vector<Curve> curves;
    for (const std::vector<Curve>& run : runs) Append(run, &curves);
    const std::vector<Curve> means = MeanCurves(runs);
    Append(means, &curves);
    const std::string& name = finished.config().method(m).name();
    const char* const bold = means.empty() ? "." : ", a bold one for their mean.";
    out.pictures.push_back(
        CurvesPicture(name, StrCat("Loss of ", name, " by step: a thin line a run", bold), "step",
                      "loss", curves));
  }
  return out;
}

Result<std::vector<std::string>> CalibrationCurves(const FinishedRuns& finished) {
  std::vector<std::string> pictures;
  for (int m = 0; m < finished.config().method_size(); ++m) {
    std::vector<std::vector<CalibrationBin>> seeds;
    const RunGrid grid = finished.CommonRuns({m});
    for (const uint64_t seed : grid.seeds) {
      ASSIGN_OR_RETURN(std::vector<CalibrationBin> bins,
                       CalibrationOf(finished, m, seed, grid.folds));
      if (!bins.empty()) seeds.push_back(std::move(bins));
    }
    if (seeds.empty()) continue;
    pictures.push_back(
        CalibrationPicture(finished.config().method(m).name(), "pCVR on clicked exposures", seeds));
  }
  return pictures;
}

Result<std::vector<std::string>> PcocCurves(const FinishedRuns& finished) {
  RunScoresReader reader(finished);
  std::vector<std::pair<std::string, std::vector<PcocBucket>>> methods;
  PcocRange range;
  for (int m = 0; m < finished.config().method_size(); ++m) {
    ASSIGN_OR_RETURN(std::vector<PcocBucket> buckets, PcocOf(finished, m, &reader));
    if (buckets.empty()) continue;
    range = RangeOf(buckets, range);
    methods.emplace_back(finished.config().method(m).name(), std::move(buckets));
  }
  std::vector<std::string> pictures;
  for (const auto& [name, buckets] : methods) {
    pictures.push_back(PcocPicture(name, buckets, range));
  }
  return pictures;
}

std::vector<std::string> DotPlots(const FinishedRuns& finished, const CompareTable& table,
                                  const std::vector<size_t>& columns) {
  std::vector<std::string> plots;
  for (const size_t column : columns) {
    std::string plot = DotPlot(finished.config(), table, column);
    if (!plot.empty()) plots.push_back(std::move(plot));
  }
  return plots;
}

}  // namespace chorus::launch
