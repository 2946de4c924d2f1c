#pragma once
// Small sets of labelled logits for tests of objectives, and how such a set is evaluated.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/config.h"
#include "common/random.h"
#include "worker/objective/objective.h"

namespace chorus::worker::testing {

inline std::unique_ptr<Objective> MakeMethod(const std::vector<std::string>& sets,
                                             uint64_t seed = 1) {
  ObjectiveConfig config;
  const Status status = LoadConfig("", sets, &config);
  EXPECT_TRUE(status.ok()) << status.ToString();
  Result<std::unique_ptr<Objective>> objective = MakeObjective(config, seed);
  EXPECT_TRUE(objective.ok()) << objective.status().ToString();
  return std::move(objective).value();
}

// Rows of labels, weights and logits: what an objective is given.
struct LabelledLogits {
  std::vector<uint8_t> click;
  std::vector<uint8_t> conversion;
  std::vector<float> weight;  // empty: all 1
  std::vector<double> logits;
  std::vector<uint64_t> row_id;  // empty: 0, 1, 2, ...
  int64_t heads = 0;

  int64_t rows() const { return static_cast<int64_t>(click.size()); }
  // Appends row i of another set with equal heads.
  void Append(const LabelledLogits& from, int64_t i) {
    heads = from.heads;
    click.push_back(from.click[i]);
    conversion.push_back(from.conversion[i]);
    if (!from.weight.empty()) weight.push_back(from.weight[i]);
    if (!from.row_id.empty()) row_id.push_back(from.row_id[i]);
    for (int64_t h = 0; h < heads; ++h) logits.push_back(double(from.logits[i * heads + h]));
  }
  RowLabels labels() const {
    return {click.data(), conversion.data(), weight.empty() ? nullptr : weight.data(), rows(),
            row_id.empty() ? nullptr : row_id.data()};
  }
};

// Rows of every kind (un-clicked, clicked, converted) with logits in [-spread, spread) and odd
// weights.
inline LabelledLogits RandomLogits(const Objective& objective, int64_t rows, double spread) {
  LabelledLogits labelled;
  labelled.heads = static_cast<int64_t>(objective.heads().size());
  const auto uniform = [](int64_t i, int64_t column) {
    return ToUniform(Random(11, RandomPurpose::kTest, i, column));
  };
  for (int64_t i = 0; i < rows; ++i) {
    labelled.click.push_back(i % 3 != 0);
    labelled.conversion.push_back(i % 3 == 2);
    labelled.row_id.push_back(1000 + static_cast<uint64_t>(i));
    labelled.weight.push_back(static_cast<float>(0.5 + uniform(i, 100)));
    for (int64_t h = 0; h < labelled.heads; ++h) {
      labelled.logits.push_back((uniform(i, h) * 2 - 1) * spread);
    }
  }
  return labelled;
}

struct Outcome {
  std::vector<double> sums;
  std::vector<double> gradients;
  double total = 0;
};

template <typename T = double>
std::vector<double> PartialsOfLogits(const Objective& objective, const LabelledLogits& labelled,
                                     uint32_t stage = 0) {
  const std::vector<T> logits(labelled.logits.begin(), labelled.logits.end());
  std::vector<double> partials(objective.partials(stage), 0.0);
  objective.AddPartials(stage, labelled.labels(),
                        MatrixView<const T>(logits.data(), labelled.rows(), labelled.heads),
                        partials.data());
  return partials;
}
inline std::vector<Normalizer> NormalizersOfLogits(const Objective& objective,
                                                   const LabelledLogits& labelled,
                                                   uint32_t stage = 0) {
  return objective.Normalizers(stage, objective.SumSpaces(labelled.labels()),
                               PartialsOfLogits(objective, labelled, stage));
}
inline std::vector<double> ScalesOfLogits(const Objective& objective,
                                          const LabelledLogits& labelled, uint32_t stage = 0) {
  return ScalesOf(NormalizersOfLogits(objective, labelled, stage));
}

// given: scales of a step that `labelled` is a part of; null: `labelled` is the whole step.
template <typename T = double>
Outcome EvaluateLogits(const Objective& objective, const LabelledLogits& labelled,
                       uint32_t stage = 0, const std::vector<double>* given = nullptr) {
  const std::vector<T> logits(labelled.logits.begin(), labelled.logits.end());
  const MatrixView<const T> z(logits.data(), labelled.rows(), labelled.heads);
  const std::vector<double> scales =
      given != nullptr ? *given : ScalesOfLogits(objective, labelled, stage);
  std::vector<T> gradients(logits.size(), T(77));  // what was there before must not matter
  Outcome outcome;
  outcome.sums.resize(scales.size());
  objective.Evaluate(stage, labelled.labels(), z, scales,
                     MatrixView<T>(gradients.data(), labelled.rows(), labelled.heads),
                     outcome.sums.data());
  outcome.gradients.assign(gradients.begin(), gradients.end());
  for (size_t k = 0; k < scales.size(); ++k) outcome.total += scales[k] * outcome.sums[k];
  return outcome;
}

// Every method, and every option that changes one.
inline std::vector<std::vector<std::string>> AllVariants() {
  const std::string full = "chorus_cvr.";
  return {{"base={}"},
          {"base={w_ctr: 0.3 w_cvr: 2}"},
          {"two_task={}"},
          {"two_task={w_ctr: 0.3 w_cvr: 2 norm: EXPOSURE}"},
          {"aman={rho: 0.5}"},
          {"aman={w_ctr: 0.3 w_cvr: 2 rho: 0.2 correct: true}"},
          {"oversampling={}"},
          {"oversampling={w_ctr: 0.3 w_cvr: 2 copies: 3 correct: false}"},
          {"unbias={}"},
          {"unbias={w_ctr: 0.3 w_cvr: 2 eps: 0.4}"},
          {"unbias={eps: 0.4 sample: true}"},
          {"division={}"},
          {"division={w_ctr: 0.3 w_ctcvr: 2 cap: true}"},
          {"esmm_ns={}"},
          {"esmm={}"},
          {"esmm={w_ctr: 0.5 w_ctcvr: 10}"},
          {"escm2_ipw={}"},
          {"escm2_ipw={w_ctr: 2 w_ctcvr: 3 w_cvr: 4 eps: 0.4 norm: SPACE}"},
          {"escm2_ipw={w_cvr: 1 detach: false}"},
          {"multi_ipw={}"},
          {"multi_ipw={w_ctr: 2 w_cvr: 3 eps: 0.4 norm: SPACE detach: false}"},
          {"escm2_dr={}"},
          {"escm2_dr={w_ctr: 2 w_ctcvr: 3 w_error: 4 w_imputation: 5 eps: 0.4}"},
          {"escm2_dr={w_error: 1 w_imputation: 2 detach: false}"},
          {"escm2_dr={w_error: 1 w_imputation: 2 imputation: SOFTPLUS}"},
          {"escm2_dr={w_error: 1 w_imputation: 2 training: JOINT}"},
          {"escm2_dr={training: JOINT imputation: SOFTPLUS detach: false}"},
          {"escm2_dr={w_error: 1 w_imputation: 2 training: PSEUDO}"},
          {"escm2_dr={training: PSEUDO detach: false}"},
          {"multi_dr={}"},
          {"multi_dr={w_ctr: 2 w_error: 3 w_imputation: 4 training: JOINT}"},
          {"multi_dr={training: PSEUDO eps: 0.4}"},
          {"ukd={}"},
          {"ukd={w_teacher: 2 w_domain: 3 w_ctr: 4 w_cvr: 5 w_cvr2: 6 w_distill: 7 w_distill2: 8 "
           "w_regularizer: 9 divergence: 2}"},
          {"ukd={detach_weight: true divergence: 0.5 average_heads: true}"},
          {"ukd={unclicked_rate: 0.4}"},
          {"dcmt={}"},
          {"dcmt={w_ctr: 2 w_ctcvr: 3 w_cvr: 4 w_counterfactual: 5 w_regularizer: 6 eps: 0.4 "
           "eps_un: 0.3 norm: SPACE}"},
          {"dcmt={w_regularizer: 1 detach: false}"},
          {"dcmt={snips: true}"},
          {"dcmt={snips: true detach: false}"},
          {"ddpo={}"},
          {"ddpo={w_ctr: 2 w_ctcvr: 3 w_conversion: 4 w_cvr: 5 w_pseudo: 6 eps: 0.4 eps_un: 0.3}"},
          {"ddpo={calibrated: true ctm: false}"},
          {"ddpo={ddpo_literal: true}"},
          {"ddpo={detach: false}"},
          {"nise={}"},
          {"nise={w_ctr: 2 w_cvr: 3 beta: 0.1}"},
          {"nise={nise_target: TOWER w_conversion: 2}"},
          {"chorus_cvr={}"},
          {"chorus_cvr_wo_ndm={}"},
          {"chorus_cvr_wo_sam={}"},
          {full + "norm=EXPOSURE"},
          {full + "ipw=false"},
          {full + "detach=false"},
          {full + "detach=false", full + "ipw=false"},
          {full + "eps=0.4", full + "eps_un=0.3"},
          {full + "detach=false", full + "eps=0.4", full + "eps_un=0.3"},
          {full + "w_ctr=0", full + "w_ctcvr=2", full + "w_cvr=3", full + "w_ctuncvr=4",
           full + "w_uncvr=5", full + "w_align1=6", full + "w_align2=7", full + "w_align3=8",
           full + "w_align4=9"},
          {"chorus_cvr_wo_ndm={detach: false norm: EXPOSURE}"},
          {"chorus_cvr_wo_sam={detach: false}"}};
}

}  // namespace chorus::worker::testing
