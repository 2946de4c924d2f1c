#pragma once
// The columns of a comparison's tables: which exposures each looks at, what it measures of them,
// and how it is shown. Their values: column_value.h. Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"

namespace chorus::launch {

// Exposures, what they are ranked by, and their label.
enum class RowSet {
  kCtr,             // all by pCTR, label click
  kCvr,             // clicked ones by pCVR, label conversion
  kCvrLowest,       // of those the fifth with the lowest common pCTR
  kCvrOnAll,        // all by pCVR, label click and conversion
  kCtcvr,           // all by pCTR pCVR, label click and conversion
  kCtcvrCommon,     // the same with the common pCTR
  kTruthAll,        // all by pCVR, label P(conversion | do(click))
  kTruthClicked,    // of those the clicked ones,
  kTruthUnclicked,  // the others,
  kTruthLowest,     // and the tenth with the lowest common pCTR
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

// Where the uncertainty of a column comes from, beside the seeds.
enum class Sampling {
  kDeLong,     // an AUC on one test set
  kBootstrap,  // drawn anew by group, or by exposure where the log has no groups
  kNone,       // the truth is known: no sampling
};

// The tables: a column stands in one of them.
enum class Section { kRanking, kGroups, kCtr, kCvr, kCtcvr, kTruth };

enum class Best { kHigh, kLow, kOne, kNothing };

struct Column {
  std::string id;     // "cvr_auc": RunMetric.name
  std::string title;  // "CVR AUC"
  std::string about;  // one sentence
  Section section = Section::kRanking;
  RowSet rows = RowSet::kCtr;
  Measure measure = Measure::kAuc;
  uint32_t k = 0;  // of kNdcg and kRecall
  Best best = Best::kHigh;
  int digits = 4;  // behind the point

  Sampling sampling() const;
  bool is_truth() const;    // is judged by the truth of a generated world
  bool needs_pctr() const;  // is about a method's own pCTR: not shown for references
  bool needs_groups() const;
  bool counts_positives() const;  // its error depends on how many clicks or conversions there are
  bool needs_common_ctr() const;  // takes the pCTR that stands for all methods'
};

// All columns that a comparison may have, in order; those with no value in any run are not shown.
std::vector<Column> ColumnsOf(const CompareConfig& config);

}  // namespace chorus::launch
