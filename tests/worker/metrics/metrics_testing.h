#pragma once
// Random predictions with labels, and the slow clear forms of what the accumulator reports.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "common/random.h"
#include "worker/metrics/metrics.h"

namespace chorus::worker::testing {

struct Rows {
  std::vector<Prediction> predictions;
  std::vector<uint8_t> click, conversion;
  std::vector<OracleRow> oracle;

  void AddTo(MetricsAccumulator* metrics, size_t begin, size_t end, bool with_oracle = true) const {
    std::span<const OracleRow> truth;
    if (with_oracle) truth = std::span(oracle).subspan(begin, end - begin);
    metrics->Add(std::span(predictions).subspan(begin, end - begin), click.data() + begin,
                 conversion.data() + begin, truth);
  }
  Evaluation Evaluate(bool with_oracle = true) const {
    auto metrics = MetricsAccumulator::Create();
    AddTo(metrics.get(), 0, predictions.size(), with_oracle);
    return metrics->Report();
  }
};

inline double Normal(uint64_t seed, uint64_t i, uint64_t j) {
  return ToNormal(Random(seed, RandomPurpose::kTest, i, j));
}
inline double Uniform(uint64_t seed, uint64_t i, uint64_t j) {
  return ToOpenUniform(Random(seed, RandomPurpose::kTest, i, j));
}
inline double Sigma(double x) { return 1 / (1 + std::exp(-x)); }

// Scores that are correlated with the labels. Conversions of un-clicked rows are set at random: no
// metric may read them. steps > 0 rounds logits to multiples of 1 / steps, which makes many ties.
inline Rows RandomRows(size_t n, uint64_t seed, double steps = 0) {
  Rows rows;
  for (size_t i = 0; i < n; ++i) {
    const auto rounded = [&](double x) { return steps > 0 ? std::round(x * steps) / steps : x; };
    const double a = -1.5 + Normal(seed, i, 0);
    const double b = -1.0 + 0.8 * Normal(seed, i, 1);
    const double do_b = b + 0.5 * Normal(seed, i, 2);
    rows.predictions.push_back(
        PredictionOfLogits(rounded(a), rounded(b + 0.4 * Normal(seed, i, 3))));
    rows.click.push_back(Uniform(seed, i, 4) < Sigma(a));
    rows.conversion.push_back(Uniform(seed, i, 5) < Sigma(do_b));
    rows.oracle.push_back({static_cast<float>(Sigma(a)), static_cast<float>(Sigma(do_b)),
                           static_cast<float>(Sigma(b)), 0, 0});
  }
  return rows;
}

// Sum over pairs of [s_i > s_j] + [s_i = s_j] / 2, weighted by t_i (1 - t_j).
inline double ExactAuc(const std::vector<double>& score, const std::vector<double>& label) {
  double wins = 0, pairs = 0;
  for (size_t i = 0; i < score.size(); ++i) {
    for (size_t j = 0; j < score.size(); ++j) {
      const double weight = label[i] * (1 - label[j]);
      pairs += weight;
      wins += weight * (score[i] > score[j] ? 1.0 : score[i] == score[j] ? 0.5 : 0.0);
    }
  }
  return wins / pairs;
}

// The scores and labels of a task ("ctr", "cvr", "ctcvr") as the papers define them.
struct ScoredRows {
  std::vector<double> score, label, probability;
};
inline ScoredRows ScoredRowsOf(const Rows& rows, const std::string& task) {
  ScoredRows out;
  for (size_t i = 0; i < rows.predictions.size(); ++i) {
    const double a = rows.predictions[i].ctr_logit, b = rows.predictions[i].cvr_logit;
    if (task == "cvr" && !rows.click[i]) continue;
    const double p = task == "ctr" ? Sigma(a) : task == "cvr" ? Sigma(b) : Sigma(a) * Sigma(b);
    out.score.push_back(task == "ctr" ? a : task == "cvr" ? b : std::log(p));
    out.probability.push_back(p);
    out.label.push_back(task == "ctr" ? rows.click[i] : rows.click[i] && rows.conversion[i]);
  }
  return out;
}

}  // namespace chorus::worker::testing
