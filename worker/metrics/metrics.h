#pragma once
// Metrics of predictions, made of integer counts only: merging parts in any order gives the same
// value to the last bit, for any number of workers. Sample weights of a log are not
// used: every exposure counts once.
//
// Scores are histogrammed by logit (2^18 bins over [-32, 32], the end bins take what lies beyond);
// sums of labels, probabilities and losses are kept in fixed point (2^-40) in 128 bits. AUC counts
// ties half; pairs inside one bin count half too, so |error| <= bound, which is reported (0 when no
// bin holds both classes). Tasks: ctr on all exposures (label o), cvr on clicked ones (label r),
// ctcvr on all (label o r, ranked by the logit of pCTR pCVR). The conversion of an un-clicked
// exposure is never read.
// A pCVR that is a ratio may exceed 1 and counts as it is in PCOC and calibration, up to 2^21;
// losses and KL take its logit (prediction.h), so they stay finite. What needs all rows at once
// (metrics by group, the lowest pCTR): metrics/row_metrics.h. Memory: up to ten histograms of at
// most 12 MiB; usually some hundred kilobytes. Thread safety: a metric object belongs to one
// thread; merge to combine.

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
  // Adds n exposures. oracle: empty, or [n]. Logits beyond +-700 count as +-700. REQUIRES: no NaN.
  virtual void Add(std::span<const Prediction> predictions, const uint8_t* click,
                   const uint8_t* conversion, std::span<const OracleRow> oracle) = 0;
  // Occupied bins only, with version and checksum. Equal contents give equal bytes.
  virtual std::string Serialize() const = 0;
  // Adds another accumulator's Serialize(). Error: kDataLoss, and nothing is added.
  virtual Status Merge(const std::string& serialized) = 0;
  // Values that are undefined (no rows, one class only) are absent; no oracle row added: no oracle
  // metrics.
  virtual Evaluation Report() const = 0;  // report.proto
};

// The evaluation as the table that a person reads on a terminal.
std::string FormatEvaluation(const Evaluation& evaluation);

}  // namespace chorus::worker
