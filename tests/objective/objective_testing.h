#pragma once
// Small batches for tests of objectives, and the oracle's way to evaluate one.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/config.h"
#include "common/random.h"
#include "worker/objective.h"

namespace chorus::worker {

inline std::unique_ptr<Objective> MakeMethod(const std::vector<std::string>& sets) {
  ObjectiveConfig config;
  const Status status = LoadConfig("", sets, &config);
  EXPECT_TRUE(status.ok()) << status.ToString();
  Result<std::unique_ptr<Objective>> objective = MakeObjective(config, 1);
  EXPECT_TRUE(objective.ok()) << objective.status().ToString();
  return std::move(objective).value();
}

struct Batch {
  std::vector<uint8_t> click;
  std::vector<uint8_t> conversion;
  std::vector<float> weight;  // empty: all 1
  std::vector<double> logits;
  int64_t heads = 0;

  int64_t rows() const { return static_cast<int64_t>(click.size()); }
  RowLabels labels() const {
    return {click.data(), conversion.data(), weight.empty() ? nullptr : weight.data(), rows()};
  }
};

// Rows of every kind (un-clicked, clicked, converted) with logits in [-spread, spread) and odd
// weights.
inline Batch RandomBatch(const Objective& objective, int64_t rows, double spread) {
  Batch batch;
  batch.heads = static_cast<int64_t>(objective.heads().size());
  const auto uniform = [](int64_t i, int64_t lane) {
    return ToUniform(Random(11, RandomPurpose::kTest, i, lane));
  };
  for (int64_t i = 0; i < rows; ++i) {
    batch.click.push_back(i % 3 != 0);
    batch.conversion.push_back(i % 3 == 2);
    batch.weight.push_back(static_cast<float>(0.5 + uniform(i, 100)));
    for (int64_t h = 0; h < batch.heads; ++h) {
      batch.logits.push_back((uniform(i, h) * 2 - 1) * spread);
    }
  }
  return batch;
}

struct Outcome {
  std::vector<double> sums;
  std::vector<double> gradients;
  double total = 0;
};

inline std::vector<Normalizer> BatchNormalizers(const Objective& objective, const Batch& batch,
                                                uint32_t stage = 0) {
  std::vector<double> partials(objective.partials(stage), 0.0);
  objective.AddPartials(stage, batch.labels(),
                        MatrixView<const double>(batch.logits.data(), batch.rows(), batch.heads),
                        partials.data());
  return objective.Normalizers(stage, objective.SumSpaces(batch.labels()), partials);
}
inline std::vector<double> BatchScales(const Objective& objective, const Batch& batch,
                                       uint32_t stage = 0) {
  return ScalesOf(BatchNormalizers(objective, batch, stage));
}

template <typename T = double>
Outcome EvaluateBatch(const Objective& objective, const Batch& batch, uint32_t stage = 0) {
  const std::vector<T> logits(batch.logits.begin(), batch.logits.end());
  const MatrixView<const T> z(logits.data(), batch.rows(), batch.heads);
  const std::vector<double> scales = BatchScales(objective, batch, stage);
  std::vector<T> gradients(logits.size(), T(77));  // what was there before must not matter
  Outcome outcome;
  outcome.sums.resize(scales.size());
  objective.Evaluate(stage, batch.labels(), z, scales,
                     MatrixView<T>(gradients.data(), batch.rows(), batch.heads),
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
          {"esmm={}"},
          {"esmm={w_ctr: 0.5 w_ctcvr: 10}"},
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

}  // namespace chorus::worker
