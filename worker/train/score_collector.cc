#include "worker/train/score_collector.h"

#include "common/check.h"
#include "worker/metrics/score_file.h"

namespace chorus::worker {

ScoreCollector::ScoreCollector(Collective* collective, const LogSchema& schema, bool has_oracle,
                               uint64_t rows)
    : collective_(collective),
      has_group_(schema.has_group),
      has_oracle_(has_oracle),
      has_weight_(schema.has_weight) {
  step_ = EmptyScores();
  scores_ = EmptyScores();
  if (collective->rank() != 0) return;
  const auto reserve = [&](auto&... columns) { (columns.reserve(rows), ...); };
  reserve(scores_.row_id, scores_.click, scores_.conversion, scores_.ctr_logit, scores_.cvr_logit,
          scores_.log_cvr);
  if (has_group_) reserve(scores_.group);
  if (has_oracle) reserve(scores_.p_conv_do, scores_.p_v);
  if (has_weight_) reserve(scores_.weight);
}

Scores ScoreCollector::EmptyScores() const {
  Scores scores;
  scores.has_group = has_group_;
  scores.has_oracle = has_oracle_;
  scores.has_weight = has_weight_;
  return scores;
}

void ScoreCollector::Add(const Batch& batch, std::span<const Prediction> predictions,
                         std::span<const OracleRow> truths) {
  CHECK(predictions.size() == batch.rows(), "predictions=", predictions.size());
  CHECK(truths.size() == (has_oracle_ ? batch.rows() : 0), "truths=", truths.size());
  for (uint32_t i = 0; i < batch.rows(); ++i) {
    step_.row_id.push_back(batch.row_id[i]);
    if (has_group_) step_.group.push_back(batch.group[i]);
    if (has_weight_) step_.weight.push_back(batch.weight[i]);
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
