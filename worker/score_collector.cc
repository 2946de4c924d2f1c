#include "worker/score_collector.h"

#include "common/check.h"
#include "worker/score_file.h"

namespace chorus::worker {

ScoreCollector::ScoreCollector(Collective* collective, bool has_group, bool has_oracle)
    : collective_(collective), has_group_(has_group), has_oracle_(has_oracle) {
  step_ = EmptyScores();
  scores_ = EmptyScores();
}

Scores ScoreCollector::EmptyScores() const {
  Scores scores;
  scores.has_group = has_group_;
  scores.has_oracle = has_oracle_;
  return scores;
}

void ScoreCollector::Add(const Batch& batch, std::span<const Prediction> predictions,
                         std::span<const OracleRow> truths) {
  CHECK(predictions.size() == batch.rows(), "predictions=", predictions.size());
  CHECK(truths.size() == (has_oracle_ ? batch.rows() : 0), "truths=", truths.size());
  for (uint32_t i = 0; i < batch.rows(); ++i) {
    step_.row_id.push_back(batch.row_id[i]);
    if (has_group_) step_.group.push_back(batch.group[i]);
    step_.click.push_back(batch.click[i] != 0);
    step_.conversion.push_back(batch.click[i] != 0 && batch.conversion[i] != 0);
    step_.ctr_logit.push_back(predictions[i].ctr_logit);
    step_.cvr_logit.push_back(predictions[i].cvr_logit);
    step_.log_cvr.push_back(predictions[i].log_cvr);
    if (!has_oracle_) continue;
    step_.p_conv_do.push_back(truths[i].p_conv_do);
    step_.p_v.push_back(truths[i].p_v);
  }
}

Status ScoreCollector::FinishStep() {
  ASSIGN_OR_RETURN(const std::vector<std::string> parts,
                   collective_->Gather(EncodeScores(step_), 0));
  step_ = EmptyScores();
  for (const std::string& part : parts) {
    Result<Scores> rows = DecodeScores(part);
    if (!rows.ok()) return rows.status().Annotate("scores of another worker");
    AppendScores(*rows, &scores_);
  }
  return Status::Ok();
}

}  // namespace chorus::worker
