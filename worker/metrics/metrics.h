#pragma once
// Metrics of predictions, made of integer counts only, so that merging parts in any order gives the
// same value to the last bit, for any number of workers. Where the log has weights an exposure
// counts as often as its weight says (2^20 at most), which makes metrics of a sample those of what
// it was drawn from. PCOC by pCTR and what is measured against a generated world's truth count
// every exposure once.
//
// Scores are histogrammed by logit, in 2^18 bins over [-32, 32]; the first and the last bin take
// what is beyond. Sums of labels, probabilities and losses are kept in fixed point (2^-40) in 128
// bits. AUC counts ties half, and also pairs inside one bin. AUC, KS and ECE err where rows of one
// bin have different scores; bounds of their errors are reported. That of AUC is 0 when no bin
// holds both classes.
//
// Tasks: ctr on all exposures (label o), cvr on clicked ones (label r), ctcvr on all (label o r,
// ranked by the logit of pCTR pCVR). The conversion of an un-clicked exposure is never read.
//
// A pCVR that is a ratio may exceed 1. It counts as it is in PCOC and calibration, up to 2^21;
// losses and KL take its logit (worker/objective/prediction.h), so they stay finite. Metrics that
// need all rows at once (by group, or of the lowest pCTR) are in row_metrics.h.
//
// Memory: up to ten histograms of at most 16 MiB; usually some hundred kilobytes. Thread safety: an
// accumulator belongs to one thread; Merge combines those of several.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/report.pb.h"
#include "common/status.h"
#include "worker/log/oracle_row.h"
#include "worker/objective/prediction.h"

namespace chorus::worker {

class MetricsAccumulator {
 public:
  virtual ~MetricsAccumulator() = default;
  static std::unique_ptr<MetricsAccumulator> Create();
  // Adds n exposures.  predictions, click, conversion: [n].  oracle, weight: [n], or empty; a
  // weight is 0 or more. Logits beyond +-700 count as +-700. REQUIRES: no NaN.
  virtual void Add(std::span<const Prediction> predictions, const uint8_t* click,
                   const uint8_t* conversion, std::span<const OracleRow> oracle,
                   std::span<const float> weight = {}) = 0;
  // The occupied bins and sums, with version and checksum. Equal contents give equal bytes.
  virtual std::string Serialize() const = 0;
  // Adds the contents of another accumulator, given by its Serialize(). Error: kDataLoss; then
  // nothing is added.
  virtual Status Merge(const std::string& serialized) = 0;
  // The metrics, see common/report.proto. Values that are undefined (no rows, one class only) are
  // absent, as are oracle metrics when no oracle row was added.
  virtual Evaluation Report() const = 0;
};

// The evaluation as the table that a person reads on a terminal.
std::string FormatEvaluation(const Evaluation& evaluation);

}  // namespace chorus::worker
