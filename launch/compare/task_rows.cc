#include "launch/compare/task_rows.h"

#include <utility>

#include "common/device_math.h"

namespace chorus::launch {

TaskRows RowsOf(Task task, const worker::Scores& scores) {
  TaskRows rows;
  for (uint32_t i = 0; i < scores.rows(); ++i) {
    if (task == Task::kCvr && scores.click[i] == 0) continue;
    const worker::Prediction p = scores.PredictionOf(i);
    rows.row.push_back(i);
    switch (task) {
      case Task::kCtr:
        rows.score.push_back(p.ctr_logit);
        rows.probability.push_back(Sigmoid(p.ctr_logit));
        rows.label.push_back(scores.click[i]);
        break;
      case Task::kCvr:
        rows.score.push_back(p.cvr_logit);
        rows.probability.push_back(Exp(p.log_cvr));
        rows.label.push_back(scores.conversion[i]);
        break;
      case Task::kCtcvr:
        rows.score.push_back(p.log_ctcvr());
        rows.probability.push_back(Exp(p.log_ctcvr()));
        rows.label.push_back(scores.conversion[i]);
        break;
    }
  }
  return rows;
}

Result<worker::Scores> WithCommonCtr(worker::Scores scores, const worker::Scores& common) {
  RETURN_IF_ERROR(CheckSameLog(scores, common));
  scores.ctr_logit = common.ctr_logit;
  return scores;
}

Status CheckSameLog(const worker::Scores& a, const worker::Scores& b) {
  if (a.row_id == b.row_id && a.click == b.click && a.conversion == b.conversion &&
      a.group == b.group) {
    return Status::Ok();
  }
  return FailedPrecondition("runs of one data set were evaluated on different test logs");
}

}  // namespace chorus::launch
