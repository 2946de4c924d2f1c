#pragma once
// Metrics of predictions, made of integer counts only: merging parts in any order gives the same value to the
// last bit, for any number of workers.
//
// Scores are histogrammed by logit (2^18 bins over [-32, 32]); sums of probabilities and losses are kept in
// fixed point. AUC counts ties half; pairs inside one bin count half too, so |error| <= bound, which is
// reported (0 when no bin holds both classes).
// Thread safety: a metric object belongs to one thread; merge to combine.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/report.pb.h"
#include "common/status.h"

namespace chorus::worker {

// One exposure's predictions, as logits or log probabilities (never float32 probabilities).
struct Prediction {
  double ctr_logit = 0;
  double cvr_logit = 0;
};

// What a generated log's oracle file knows of one exposure.
struct OracleRow {
  float p_click = 0;    // P(click)
  float p_conv_do = 0;  // P(conversion | do(click))
  float p_v = 0;        // the same, given the features only (the ceiling's score)
};

class MetricsAccumulator {
 public:
  virtual ~MetricsAccumulator() = default;
  static std::unique_ptr<MetricsAccumulator> Create();
  // Adds n exposures. oracle: empty, or [n].
  virtual void Add(std::span<const Prediction> predictions, const uint8_t* click,
                   const uint8_t* conversion, std::span<const OracleRow> oracle) = 0;
  virtual std::string Serialize() const = 0;         // compact: occupied bins only
  virtual Status Merge(const std::string& serialized) = 0;
  virtual Evaluation Report() const = 0;             // report.proto
};

// The evaluation as the table that a person reads on a terminal.
std::string FormatEvaluation(const Evaluation& evaluation);

}  // namespace chorus::worker
