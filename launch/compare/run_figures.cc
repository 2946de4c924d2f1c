#include "launch/compare/run_figures.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/strings.h"
#include "launch/compare/common_ctr.h"
#include "launch/compare/same_log.h"
#include "launch/report/figures.h"
#include "launch/report/report_log.h"
#include "worker/metrics/pcoc_buckets.h"
#include "worker/metrics/task_rows.h"

namespace chorus::launch {
namespace {

// Finished runs of one method on the first data set, or on all.
std::vector<const FinishedRun*> RunsOf(const FinishedRuns& finished, uint32_t method,
                                       bool first_fold_only) {
  std::vector<const FinishedRun*> runs;
  for (const FinishedRun& run : finished.runs()) {
    if (run.run->method != method || (first_fold_only && run.run->fold != 0)) continue;
    runs.push_back(&run);
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

// Clicked exposures of all data sets: what buckets are made of.
struct ClickedRows {
  std::vector<double> ctr_logit;  // of the model that makes the buckets
  std::vector<double> pcvr;       // mean over seeds
  std::vector<uint8_t> conversion;
};

Status AddClicked(const FinishedRuns& finished, const std::vector<const FinishedRun*>& seeds,
                  ClickedRows* out) {
  const FinishedRun* const buckets = CommonCtrRun(finished, *seeds[0]);
  if (buckets == nullptr) return Status::Ok();
  ASSIGN_OR_RETURN(const worker::Scores ctr, finished.ScoresOf(*buckets));
  const size_t begin = out->pcvr.size();
  for (const FinishedRun* run : seeds) {
    ASSIGN_OR_RETURN(worker::Scores scores, finished.ScoresOf(*run));
    Result<worker::Scores> joined = WithCommonCtr(std::move(scores), ctr);
    if (!joined.ok()) return joined.status().Annotate(BothPaths(*run, *buckets));
    scores = *std::move(joined);
    const worker::TaskRows rows = worker::RowsOfTask(scores, worker::Task::kCvr, {});
    if (run == seeds[0]) {
      for (uint64_t row = 0; row < ctr.rows(); ++row) {
        if (ctr.click[row] != 0) out->ctr_logit.push_back(ctr.ctr_logit[row]);
      }
      for (const double label : rows.label) out->conversion.push_back(label > 0 ? 1 : 0);
      out->pcvr.resize(begin + rows.label.size(), 0.0);
    }
    for (size_t i = 0; i < rows.label.size(); ++i) {
      out->pcvr[begin + i] += rows.probability[i] / static_cast<double>(seeds.size());
    }
  }
  return Status::Ok();
}

Result<std::vector<PcocBucket>> PcocOf(const FinishedRuns& finished, uint32_t method) {
  ClickedRows rows;
  const auto folds = static_cast<uint32_t>(finished.plan().config.data_size());
  for (uint32_t fold = 0; fold < folds; ++fold) {
    std::vector<const FinishedRun*> seeds = RunsOf(finished, method, false);
    std::erase_if(seeds, [&](const FinishedRun* run) { return run->run->fold != fold; });
    if (!seeds.empty()) RETURN_IF_ERROR(AddClicked(finished, seeds, &rows));
  }
  return worker::PcocByPctr(rows.ctr_logit, rows.pcvr, rows.conversion, worker::kPcocBuckets);
}

}  // namespace

Result<std::vector<std::string>> TrainingCurves(FileSystem& files, const FinishedRuns& finished) {
  std::vector<std::string> pictures;
  const CompareConfig& config = finished.plan().config;
  for (int m = 0; m < config.method_size(); ++m) {
    std::vector<std::vector<Curve>> runs;
    for (const FinishedRun* run : RunsOf(finished, static_cast<uint32_t>(m), true)) {
      ASSIGN_OR_RETURN(const std::vector<Report> reports,
                       ReadReports(files, run->run->config.report().metrics()));
      runs.push_back(LossCurves(reports, "other thin"));
    }
    if (runs.empty()) continue;
    std::vector<Curve> curves;
    for (const std::vector<Curve>& run : runs) curves.insert(curves.end(), run.begin(), run.end());
    const std::vector<Curve> means = MeanCurves(runs);
    curves.insert(curves.end(), means.begin(), means.end());
    const std::string& name = config.method(m).name();
    pictures.push_back(CurvesPicture(
        name, StrCat("Loss of ", name, " by step: a thin line a seed, a bold one for their mean."),
        "step", "loss", curves));
  }
  return pictures;
}

std::vector<std::string> CalibrationCurves(const FinishedRuns& finished) {
  std::vector<std::string> pictures;
  const CompareConfig& config = finished.plan().config;
  for (int m = 0; m < config.method_size(); ++m) {
    std::vector<std::vector<CalibrationBin>> runs;
    for (const FinishedRun* run : RunsOf(finished, static_cast<uint32_t>(m), true)) {
      const std::optional<TaskMetrics> cvr = FindTask(run->record.evaluation(), "cvr");
      if (!cvr.has_value() || cvr->calibration().empty()) continue;
      runs.emplace_back(cvr->calibration().begin(), cvr->calibration().end());
    }
    if (runs.empty()) continue;
    pictures.push_back(
        CalibrationPicture(config.method(m).name(), "pCVR on clicked exposures", runs));
  }
  return pictures;
}

Result<std::vector<std::string>> PcocCurves(const FinishedRuns& finished) {
  const CompareConfig& config = finished.plan().config;
  std::vector<std::pair<std::string, std::vector<PcocBucket>>> methods;
  PcocRange range;
  for (int m = 0; m < config.method_size(); ++m) {
    ASSIGN_OR_RETURN(std::vector<PcocBucket> buckets, PcocOf(finished, static_cast<uint32_t>(m)));
    if (buckets.empty()) continue;
    range = RangeOf(buckets, range);
    methods.emplace_back(config.method(m).name(), std::move(buckets));
  }
  std::vector<std::string> pictures;
  for (const auto& [name, buckets] : methods) {
    pictures.push_back(PcocPicture(name, buckets, range));
  }
  return pictures;
}

}  // namespace chorus::launch
