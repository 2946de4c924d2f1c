#pragma once
// A model's predictions for every exposure of a log, column by column in log order, with the labels
// and the truth: all that a comparison of two runs needs. 34 bytes per exposure, 8 more with
// groups, 8 more with the truth, 4 more with weights. Thread safety: values.

#include <cstdint>
#include <vector>

#include "worker/log/group_id.h"
#include "worker/objective/prediction.h"

namespace chorus::worker {

struct Scores {
  bool has_group = false;   // the log has a group column
  bool has_oracle = false;  // the truth was given
  bool has_weight = false;  // the log has weights
  std::vector<uint64_t> row_id;
  std::vector<uint64_t> group;      // kNoGroup: none; empty without groups
  std::vector<uint8_t> click;       // 0 or 1
  std::vector<uint8_t> conversion;  // 0 or 1; 0 where click is 0, whatever the log says
  std::vector<double> ctr_logit;    // these three: see Prediction
  std::vector<double> cvr_logit;
  std::vector<double> log_cvr;
  std::vector<float> p_conv_do;  // these two: see OracleRow; empty without the truth
  std::vector<float> p_v;
  std::vector<float> weight;  // empty: 1 for all

  uint64_t rows() const { return row_id.size(); }
  double WeightOf(uint64_t row) const {
    return has_weight ? static_cast<double>(weight[row]) : 1.0;
  }
  Prediction PredictionOf(uint64_t row) const {
    return {ctr_logit[row], cvr_logit[row], log_cvr[row]};
  }
  friend bool operator==(const Scores&, const Scores&) = default;
};

}  // namespace chorus::worker
