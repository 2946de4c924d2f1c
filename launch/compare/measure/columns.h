#pragma once
// The columns of a comparison's tables: which exposures each looks at, what it measures of them,
// and how it is shown. Their values: results.h. Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "worker/metrics/task_rows.h"

namespace chorus::launch {

// Exposures, the prediction they are ranked by, and their label.
struct RowSet {
  enum class Part { kAll, kClicked, kUnclicked, kLowestOfClicked, kLowestOfAll };
  enum class Label { kClick, kConversion, kTruth };  // kTruth: P(conversion | do(click))

  Part part = Part::kAll;
  worker::Task by = worker::Task::kCvr;
  Label label = Label::kConversion;
  bool common_ctr = false;  // kCtcvr with the pCTR that is used for all methods
  bool grouped = false;     // of these rows, those that have a group

  friend bool operator==(const RowSet&, const RowSet&) = default;
};

enum class Measure {
  kAuc,
  kGroupAuc,
  kNdcg,
  kRecall,
  kLogLoss,
  kNormalizedEntropy,
  kKs,
  kPcoc,
  kCalibrationError,
  kFieldError,
  kShareAboveOne,
  kDivergence,
};

// The tables: a column is in one of them.
enum class Section { kRanking, kGroups, kCtr, kCvr, kCtcvr, kTruth };

enum class Best { kHigh, kLow, kOne, kNothing };

struct Column {
  std::string id;     // "cvr_auc": RunMetric.name
  std::string title;  // "CVR AUC"
  std::string about;  // one sentence
  Section section = Section::kRanking;
  RowSet rows;
  Measure measure = Measure::kAuc;
  Best best = Best::kHigh;
  int digits = 4;  // behind the decimal point
  uint32_t k = 0;  // of kNdcg and kRecall

  bool is_truth() const;          // is judged by the truth of a generated world, without sampling
  bool needs_pctr() const;        // is about a method's own pCTR, so not shown for references
  bool needs_common_ctr() const;  // takes the pCTR that is used for all methods
  bool needs_groups() const;
  bool needs_clicks() const;      // looks at clicked exposures alone
  bool counts_positives() const;  // its error depends on how many clicks or conversions there are
  bool is_ranking() const;        // an AUC, which a constant has at 0.5
  // A loss or a calibration, for which the labels' mean as a constant prediction is the yardstick.
  bool is_calibration() const;
};

// All columns that a comparison may have, in order; those with no value in any run are not shown.
std::vector<Column> ColumnsOf(const CompareConfig& config);

}  // namespace chorus::launch
