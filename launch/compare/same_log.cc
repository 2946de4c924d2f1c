#include "launch/compare/same_log.h"

namespace chorus::launch {

Status CheckSameLog(const worker::Scores& a, const worker::Scores& b) {
  if (a.row_id == b.row_id && a.click == b.click && a.conversion == b.conversion &&
      a.group == b.group) {
    return Status::Ok();
  }
  return FailedPrecondition("runs of one data set were evaluated on different test logs");
}

Result<worker::Scores> WithCommonCtr(worker::Scores scores, const worker::Scores& common) {
  RETURN_IF_ERROR(CheckSameLog(scores, common));
  scores.ctr_logit = common.ctr_logit;
  return scores;
}

}  // namespace chorus::launch
