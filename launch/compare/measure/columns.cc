#include "launch/compare/measure/columns.h"

#include "common/strings.h"

namespace chorus::launch {
namespace {

using worker::Task;
using enum Best;
using enum Measure;
using enum RowSet::Label;
using enum RowSet::Part;
using Columns = std::vector<Column>;

constexpr RowSet kCtrRows = {kAll, Task::kCtr, kClick};
constexpr RowSet kCvrRows = {kClicked, Task::kCvr, kConversion};
constexpr RowSet kCvrOnAll = {kAll, Task::kCvr, kConversion};
constexpr RowSet kCvrLowest = {kLowestOfClicked, Task::kCvr, kConversion};
constexpr RowSet kCtcvrRows = {kAll, Task::kCtcvr, kConversion};
constexpr RowSet kCtcvrCommon = {kAll, Task::kCtcvr, kConversion, true};
constexpr RowSet kCtrGrouped = {kAll, Task::kCtr, kClick, false, true};
constexpr RowSet kCvrGrouped = {kClicked, Task::kCvr, kConversion, false, true};
constexpr RowSet kCtcvrGrouped = {kAll, Task::kCtcvr, kConversion, false, true};
constexpr RowSet kTruthAll = {kAll, Task::kCvr, kTruth};
constexpr RowSet kTruthClicked = {kClicked, Task::kCvr, kTruth};
constexpr RowSet kTruthUnclicked = {kUnclicked, Task::kCvr, kTruth};
constexpr RowSet kTruthLowest = {kLowestOfAll, Task::kCvr, kTruth};

// common: the method whose pCTR is used for all, "BASE's".
Columns Ranking(const std::string& common) {
  const Section section = Section::kRanking;
  return {
      {"ctr_auc", "CTR AUC", "all exposures by pCTR, label click", section, kCtrRows},
      {"cvr_auc", "CVR AUC", "clicked exposures by pCVR, label conversion", section, kCvrRows},
      {"ctcvr_auc", "CTCVR AUC",
       "all exposures by the method's own pCTR times pCVR, label click and conversion", section,
       kCtcvrRows},
      {"ctcvr_auc_common", "CTCVR AUC, common pCTR",
       StrCat("the same with ", common, " pCTR of the same seed and data set in place of its own"),
       section, kCtcvrCommon},
      {"cvr_auc_all", "CVR AUC as NISE's code has it",
       "all exposures by pCVR, label click and conversion", section, kCvrOnAll}};
}

Columns InGroups(const google::protobuf::RepeatedField<uint32_t>& cuts) {
  const Section section = Section::kGroups;
  const std::string auc = " AUC of the groups that have both labels, weighted by their exposures";
  Columns columns = {
      {"ctr_gauc", "CTR GAUC", "mean CTR" + auc, section, kCtrGrouped, kGroupAuc},
      {"cvr_gauc", "CVR GAUC", StrCat("mean CVR", auc, ", the clicked ones"), section, kCvrGrouped,
       kGroupAuc},
      {"ctcvr_gauc", "CTCVR GAUC", "mean CTCVR" + auc, section, kCtcvrGrouped, kGroupAuc}};
  for (const uint32_t k : cuts) {
    columns.push_back({StrCat("ndcg@", k), StrCat("NDCG@", k),
                       "exposures of a group by pCTCVR; groups with a conversion", section,
                       kCtcvrGrouped, kNdcg, kHigh, 4, k});
    columns.push_back({StrCat("recall@", k), StrCat("Recall@", k),
                       StrCat("share of a group's conversions among its first ", k, " by pCTCVR"),
                       section, kCtcvrGrouped, kRecall, kHigh, 4, k});
  }
  return columns;
}

// Loss and calibration of a prediction.
// id, task, rate: "ctr", "CTR", "click rate"; digits: of losses; slot: for Field-RCE.
Columns Calibration(const std::string& id, const std::string& task, const std::string& rate,
                    Section section, const RowSet& rows, int digits, const std::string& slot) {
  return {{id + "_log_loss", task + " log loss", "cross-entropy, in nats", section, rows, kLogLoss,
           kLow, digits},
          {id + "_ne", task + " NE", "log loss / entropy of the " + rate, section, rows,
           kNormalizedEntropy, kLow},
          {id + "_ks", task + " KS", "largest true minus false positive rate", section, rows, kKs},
          {id + "_pcoc", task + " PCOC", StrCat("mean p", task, " / ", rate), section, rows, kPcoc,
           kOne, 3},
          {id + "_ece", task + " ECE",
           StrCat("mean distance of p", task, " and ", rate, " over 20 bins of equal size"),
           section, rows, kCalibrationError, kLow, digits},
          {id + "_field_rce", task + " Field-RCE",
           StrCat("mean of |PCOC - 1| over the ids of slot ", slot,
                  ", weighted by exposures; ids with under 30 positives are taken together"),
           section, rows, kFieldError, kLow, 3}};
}

Columns CvrAlone(const std::string& common) {
  return {{"cvr_pcoc_low", "CVR PCOC, lowest pCTR",
           StrCat("the same on the fifth of the clicked exposures with the lowest pCTR, ", common,
                  " of the same seed and data set"),
           Section::kCvr, kCvrLowest, kPcoc, kOne, 3},
          {"cvr_above_one", "pCVR > 1", "share of all exposures whose pCVR, a ratio, exceeds 1",
           Section::kCvr, kCvrOnAll, kShareAboveOne, kNothing}};
}

Columns AgainstTruth(const std::string& common) {
  const Section section = Section::kTruth;
  const std::string auc = " exposures by pCVR, weighted by P(conversion | do(click))";
  const std::string ratio = " exposures: mean pCVR / mean P(conversion | do(click))";
  return {
      {"oracle_auc_D", "AUC D", "all" + auc, section, kTruthAll},
      {"oracle_auc_O", "AUC O", "clicked" + auc, section, kTruthClicked},
      {"oracle_auc_N", "AUC N", "un-clicked" + auc, section, kTruthUnclicked},
      {"oracle_pcoc_D", "PCOC D", "all" + ratio, section, kTruthAll, kPcoc, kOne, 3},
      {"oracle_pcoc_O", "PCOC O", "clicked" + ratio, section, kTruthClicked, kPcoc, kOne, 3},
      {"oracle_pcoc_N", "PCOC N", "un-clicked" + ratio, section, kTruthUnclicked, kPcoc, kOne, 3},
      {"oracle_pcoc_L", "PCOC lowest pCTR",
       StrCat("the same on the tenth of all exposures with the lowest pCTR, ", common,
              " of the same seed and data set"),
       section, kTruthLowest, kPcoc, kOne, 3},
      {"oracle_kl_D", "KL D", "mean KL(P(conversion | do(click)) || pCVR), all exposures", section,
       kTruthAll, kDivergence, kLow, 5}};
}

}  // namespace

bool Column::is_truth() const { return rows.label == kTruth; }

bool Column::needs_pctr() const { return rows.by != Task::kCvr && !rows.common_ctr; }

bool Column::needs_common_ctr() const {
  return rows.common_ctr || rows.part == kLowestOfClicked || rows.part == kLowestOfAll;
}

bool Column::needs_groups() const {
  return measure == kGroupAuc || measure == kNdcg || measure == kRecall;
}

bool Column::needs_clicks() const { return rows.part == kClicked || rows.part == kLowestOfClicked; }

bool Column::counts_positives() const { return !is_truth() && measure != kShareAboveOne; }

bool Column::is_ranking() const { return measure == kAuc || measure == kGroupAuc; }

bool Column::is_calibration() const {
  return !is_truth() && (measure == kLogLoss || measure == kNormalizedEntropy || measure == kPcoc ||
                         measure == kCalibrationError || measure == kFieldError);
}

Columns ColumnsOf(const CompareConfig& config) {
  const std::string& slot = config.field();
  const std::string common =
      config.common_ctr().empty() ? "the method's own" : config.common_ctr() + "'s";
  Columns columns;
  // A CTCVR is small, and so are its losses: they have six digits.
  for (const Columns& section :
       {Ranking(common), InGroups(config.k()),
        Calibration("ctr", "CTR", "click rate", Section::kCtr, kCtrRows, 4, slot),
        Calibration("cvr", "CVR", "conversion rate", Section::kCvr, kCvrRows, 4, slot),
        CvrAlone(common),
        Calibration("ctcvr", "CTCVR", "rate of conversions", Section::kCtcvr, kCtcvrRows, 6, slot),
        AgainstTruth(common)}) {
    columns.insert(columns.end(), section.begin(), section.end());
  }
  std::erase_if(columns, [&](const Column& column) {
    return (column.rows.common_ctr && config.common_ctr().empty()) ||
           (column.measure == kFieldError && slot.empty());
  });
  return columns;
}

}  // namespace chorus::launch
