#include "worker/metrics/row_metrics.h"

#include "common/check.h"
#include "worker/metrics/tally.h"
#include "worker/statistics/order.h"

namespace chorus::worker {

void AddLowestTenth(const Scores& scores, Evaluation* evaluation) {
  CHECK(scores.has_oracle, "no truth");
  if (scores.rows() == 0) return;
  OracleTally tally;
  for (const uint32_t i : LowestPart(scores.ctr_logit, scores.row_id, 10)) {
    OracleRow truth;
    truth.p_conv_do = scores.p_conv_do[i];
    truth.p_v = scores.p_v[i];
    tally.Add(scores.PredictionOf(i), truth);
  }
  *evaluation->add_oracle() = ReportOracle("L", tally);
}

}  // namespace chorus::worker
