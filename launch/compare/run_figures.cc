#include "launch/compare/run_figures.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "launch/compare/clicked_rows.h"
#include "launch/compare/run_scores.h"
#include "launch/report/figures.h"
#include "launch/report/report_log.h"
#include "worker/metrics/calibration_bins.h"
#include "worker/metrics/pcoc_buckets.h"

namespace chorus::launch {
namespace {

std::vector<const FinishedRun*> RunsOnFold(const FinishedRuns& finished, uint32_t method,
                                           uint32_t fold) {
  std::vector<const FinishedRun*> runs;
  for (const uint64_t seed : finished.CommonRuns({method}).seeds) {
    runs.push_back(finished.At(method, fold, seed));
  }
  return runs;
}

bool SameSteps(const Curve& a, const Curve& b) {
  return std::equal(a.points.begin(), a.points.end(), b.points.begin(), b.points.end(),
                    [](const Point& p, const Point& q) { return p.x == q.x; });
}

// Of the runs' curves, stage by stage; nothing where runs reported other steps.
std::vector<Curve> MeanCurves(const std::vector<std::vector<Curve>>& runs) {
  std::vector<Curve> means = runs[0];
  for (const std::vector<Curve>& curves : runs) {
    if (curves.size() != means.size()) return {};
    for (size_t s = 0; s < means.size(); ++s) {
      if (!SameSteps(curves[s], means[s])) return {};
    }
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

// Of each of the method's runs that can be read; *missing: what is wrong with the others.
std::vector<std::vector<Curve>> CurvesOf(const FinishedRuns& finished, uint32_t method,
                                         std::vector<std::string>* missing) {
  std::vector<std::vector<Curve>> curves;
  for (const uint32_t fold : finished.CommonRuns({method}).folds) {
    for (const FinishedRun* run : RunsOnFold(finished, method, fold)) {
      const auto reports = ReadReports(finished.files(), run->run->config.report().metrics());
      if (reports.ok()) {
        curves.push_back(LossCurves(*reports, "other thin"));
        continue;
      }
      missing->push_back(StrCat("No training curve of ", finished.plan().NameOf(*run->run), ": ",
                                reports.status().message()));
      LogWarning(missing->back());
    }
  }
  return curves;
}

Result<std::vector<PcocBucket>> PcocOf(const FinishedRuns& finished, uint32_t method,
                                       RunScoresReader* reader) {
  ClickedRows rows;
  for (const uint32_t fold : finished.CommonRuns({method}).folds) {
    const std::vector<const FinishedRun*> seeds = RunsOnFold(finished, method, fold);
    if (seeds.empty() || CommonCtrRun(finished, *seeds[0]) == nullptr) continue;
    ASSIGN_OR_RETURN(const ClickedRows mean, MeanOfSeeds(seeds, reader));
    rows.Append(mean);
  }
  return worker::PcocByPctr(rows.ctr_logit, rows.pcvr, rows.conversion, worker::kPcocBuckets);
}

// Of one seed, over all data sets.
Result<std::vector<CalibrationBin>> CalibrationOf(const FinishedRuns& finished, uint32_t method,
                                                  uint64_t seed, RunScoresReader* reader) {
  ClickedRows rows;
  for (const uint32_t fold : finished.CommonRuns({method}).folds) {
    ASSIGN_OR_RETURN(const ClickedRows clicked,
                     ClickedRowsOf(*finished.At(method, fold, seed), reader));
    rows.Append(clicked);
  }
  const std::vector<double> labels(rows.conversion.begin(), rows.conversion.end());
  return worker::CalibrationBins(rows.cvr_logit, rows.pcvr, labels);
}

}  // namespace

TrainingPictures TrainingCurves(const FinishedRuns& finished) {
  TrainingPictures out;
  const CompareConfig& config = finished.plan().config;
  for (uint32_t m = 0; m < static_cast<uint32_t>(config.method_size()); ++m) {
    const std::vector<std::vector<Curve>> runs = CurvesOf(finished, m, &out.missing);
    if (runs.empty()) continue;
    std::vector<Curve> curves;
    for (const std::vector<Curve>& run : runs) curves.insert(curves.end(), run.begin(), run.end());
    const std::vector<Curve> means = MeanCurves(runs);
    curves.insert(curves.end(), means.begin(), means.end());
    const std::string& name = config.method(static_cast<int>(m)).name();
    out.pictures.push_back(
        CurvesPicture(name,
                      StrCat("Loss of ", name, " by step: a thin line a run",
                             means.empty() ? "." : ", a bold one for their mean."),
                      "step", "loss", curves));
  }
  return out;
}

Result<std::vector<std::string>> CalibrationCurves(const FinishedRuns& finished) {
  RunScoresReader reader(finished);
  std::vector<std::string> pictures;
  const CompareConfig& config = finished.plan().config;
  for (uint32_t m = 0; m < static_cast<uint32_t>(config.method_size()); ++m) {
    std::vector<std::vector<CalibrationBin>> seeds;
    for (const uint64_t seed : finished.CommonRuns({m}).seeds) {
      ASSIGN_OR_RETURN(std::vector<CalibrationBin> bins, CalibrationOf(finished, m, seed, &reader));
      if (!bins.empty()) seeds.push_back(std::move(bins));
    }
    if (seeds.empty()) continue;
    pictures.push_back(CalibrationPicture(config.method(static_cast<int>(m)).name(),
                                          "pCVR on clicked exposures", seeds));
  }
  return pictures;
}

Result<std::vector<std::string>> PcocCurves(const FinishedRuns& finished) {
  const CompareConfig& config = finished.plan().config;
  RunScoresReader reader(finished);
  std::vector<std::pair<std::string, std::vector<PcocBucket>>> methods;
  PcocRange range;
  for (uint32_t m = 0; m < static_cast<uint32_t>(config.method_size()); ++m) {
    ASSIGN_OR_RETURN(std::vector<PcocBucket> buckets, PcocOf(finished, m, &reader));
    if (buckets.empty()) continue;
    range = RangeOf(buckets, range);
    methods.emplace_back(config.method(static_cast<int>(m)).name(), std::move(buckets));
  }
  std::vector<std::string> pictures;
  for (const auto& [name, buckets] : methods) {
    pictures.push_back(PcocPicture(name, buckets, range));
  }
  return pictures;
}

}  // namespace chorus::launch
