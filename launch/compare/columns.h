#pragma once
// The columns of a comparison's tables: what they measure, and their value for one run.
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "common/compare.pb.h"
#include "common/config.pb.h"
#include "common/report.pb.h"

namespace chorus::launch {

// Where the uncertainty of a column comes from, beside the seeds.
enum class Sampling {
  kDeLong,     // an AUC on one test set
  kBootstrap,  // drawn anew by group, or by exposure where the log has no groups
  kNone,       // the truth is known: no sampling
};

// The tables: a column stands in one of them.
enum class Section { kRanking, kClicked, kTruth };

struct Column {
  std::string id;     // "cvr_auc": RunMetric.name
  std::string title;  // "CVR AUC"
  std::string about;  // one sentence: rows, score, label
  Section section = Section::kRanking;
  Sampling sampling = Sampling::kNone;
  int digits = 4;            // behind the point
  bool needs_pctr = false;   // is about a method's own pCTR: not shown for references
  bool one_is_best = false;  // a ratio: 1 is right
  bool low_is_best = false;  // a loss or a distance
};

// ids of the columns that need more than one run's scores (see Derived).
inline constexpr char kCommonCtcvrAuc[] = "ctcvr_auc_common";
inline constexpr char kCommonLowPcoc[] = "oracle_pcoc_L";

// All columns that a comparison may have, in order; those with no value in any run are not shown.
std::vector<Column> ColumnsOf(const CompareConfig& config);

// The metrics of a run that its own evaluation holds exactly. Those that it takes from histograms
// come from the scores instead (exact_metrics.h).
std::vector<RunMetric> MetricsOf(const Evaluation& evaluation);

// Those that have a column, in the order of the columns. reference: without those of pCTR.
std::vector<RunMetric> InColumns(const std::vector<RunMetric>& metrics,
                                 const std::vector<Column>& columns, bool reference);

}  // namespace chorus::launch
