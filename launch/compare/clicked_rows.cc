#include "launch/compare/clicked_rows.h"

#include "launch/compare/same_log.h"
#include "worker/metrics/task_rows.h"

namespace chorus::launch {
namespace {

ClickedRows ClickedIn(const RunScores& run) {
  ClickedRows out;
  for (uint64_t row = 0; row < run.scores.rows(); ++row) {
    if (run.scores.click[row] == 0) continue;
    const worker::Prediction prediction = run.scores.PredictionOf(row);
    if (!run.common_ctr.empty()) out.ctr_logit.push_back(run.common_ctr[row]);
    out.cvr_logit.push_back(worker::LogitOf(prediction, worker::Task::kCvr));
    out.pcvr.push_back(worker::ProbabilityOf(prediction, worker::Task::kCvr));
    out.conversion.push_back(run.scores.conversion[row]);
  }
  return out;
}

}  // namespace

void ClickedRows::Append(const ClickedRows& other) {
  const auto append = [](const auto& from, auto* to) {
    to->insert(to->end(), from.begin(), from.end());
  };
  append(other.ctr_logit, &ctr_logit);
  append(other.cvr_logit, &cvr_logit);
  append(other.pcvr, &pcvr);
  append(other.conversion, &conversion);
}

Result<ClickedRows> ClickedRowsOf(const FinishedRun& run, RunScoresReader* reader) {
  ASSIGN_OR_RETURN(const RunScores scores, reader->Read(run));
  return ClickedIn(scores);
}

Result<ClickedRows> MeanOfSeeds(const std::vector<const FinishedRun*>& seeds,
                                RunScoresReader* reader) {
  ASSIGN_OR_RETURN(const RunScores first, reader->Read(*seeds[0]));
  ClickedRows mean = ClickedIn(first);
  for (size_t s = 1; s < seeds.size(); ++s) {
    ASSIGN_OR_RETURN(const RunScores scores, reader->Read(*seeds[s]));
    RETURN_IF_ERROR(
        CheckSameLog(first.scores, scores.scores).Annotate(BothPaths(*seeds[0], *seeds[s])));
    const ClickedRows rows = ClickedIn(scores);
    for (size_t i = 0; i < rows.pcvr.size(); ++i) mean.pcvr[i] += rows.pcvr[i];
  }
  for (double& pcvr : mean.pcvr) pcvr /= static_cast<double>(seeds.size());
  return mean;
}

}  // namespace chorus::launch
