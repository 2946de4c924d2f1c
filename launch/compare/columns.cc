#include "launch/compare/columns.h"

#include <utility>

#include "common/strings.h"

namespace chorus::launch {
namespace {

using Columns = std::vector<Column>;

// Whose pCTR stands for all: "BASE's".
std::string CommonCtr(const CompareConfig& config) {
  return config.common_ctr().empty() ? "the method's own" : config.common_ctr() + "'s";
}

void AddRanking(const CompareConfig& config, Columns* columns) {
  const auto add = [&](std::string id, std::string title, std::string about, RowSet rows) {
    columns->push_back({std::move(id), std::move(title), std::move(about), Section::kRanking, rows,
                        Measure::kAuc});
  };
  add("ctr_auc", "CTR AUC", "all exposures by pCTR, label click", RowSet::kCtr);
  add("cvr_auc", "CVR AUC", "clicked exposures by pCVR, label conversion", RowSet::kCvr);
  add("ctcvr_auc", "CTCVR AUC",
      "all exposures by the method's own pCTR times pCVR, label click and conversion",
      RowSet::kCtcvr);
  if (!config.common_ctr().empty()) {
    add("ctcvr_auc_common", "CTCVR AUC, common pCTR",
        StrCat("the same with ", CommonCtr(config),
               " pCTR of the same seed and data set in place of its own"),
        RowSet::kCtcvrCommon);
  }
  add("cvr_auc_all", "CVR AUC as NISE's code has it",
      "all exposures by pCVR, label click and conversion", RowSet::kCvrOnAll);
}

void AddGroups(const CompareConfig& config, Columns* columns) {
  const auto add = [&](std::string id, std::string title, std::string about, RowSet rows,
                       Measure measure, uint32_t k) {
    columns->push_back(
        {std::move(id), std::move(title), std::move(about), Section::kGroups, rows, measure, k});
  };
  const std::string gauc = " AUC of the groups that have both labels, weighted by their exposures";
  add("ctr_gauc", "CTR GAUC", "mean CTR" + gauc, RowSet::kCtr, Measure::kGroupAuc, 0);
  add("cvr_gauc", "CVR GAUC", "mean CVR" + gauc + ", the clicked ones", RowSet::kCvr,
      Measure::kGroupAuc, 0);
  add("ctcvr_gauc", "CTCVR GAUC", "mean CTCVR" + gauc, RowSet::kCtcvr, Measure::kGroupAuc, 0);
  for (const uint32_t k : config.k()) {
    add(StrCat("ndcg@", k), StrCat("NDCG@", k),
        "exposures of a group by pCTCVR; groups with a conversion", RowSet::kCtcvr, Measure::kNdcg,
        k);
    add(StrCat("recall@", k), StrCat("Recall@", k),
        StrCat("share of a group's conversions among its first ", k, " by pCTCVR"), RowSet::kCtcvr,
        Measure::kRecall, k);
  }
}

// Loss and calibration of a prediction. rate: of its labels.
struct Prediction {
  std::string id;     // "ctr"
  std::string title;  // "CTR"
  std::string rate;   // "click rate"
  Section section;
  RowSet rows;
};

void AddCalibration(const CompareConfig& config, const Prediction& p, Columns* columns) {
  const auto add = [&](const char* id, const char* title, std::string about, Measure measure,
                       Best best, int digits) {
    columns->push_back({StrCat(p.id, "_", id), StrCat(p.title, " ", title), std::move(about),
                        p.section, p.rows, measure, 0, best, digits});
  };
  // A CTCVR is small, and so are its losses.
  const int digits = p.section == Section::kCtcvr ? 6 : 4;
  add("log_loss", "log loss", "cross-entropy, in nats", Measure::kLogLoss, Best::kLow, digits);
  add("ne", "NE", StrCat("log loss / entropy of the ", p.rate), Measure::kNormalizedEntropy,
      Best::kLow, 4);
  add("ks", "KS", "largest true minus false positive rate", Measure::kKs, Best::kHigh, 4);
  add("pcoc", "PCOC", StrCat("mean p", p.title, " / ", p.rate), Measure::kPcoc, Best::kOne, 3);
  add("ece", "ECE",
      StrCat("mean distance of p", p.title, " and ", p.rate, " over 20 bins of equal size"),
      Measure::kCalibrationError, Best::kLow, digits);
  if (config.field().empty()) return;
  add("field_rce", "Field-RCE",
      StrCat("mean of |PCOC - 1| over the ids of slot ", config.field(),
             ", weighted by exposures; ids with under 30 positives are taken together"),
      Measure::kFieldError, Best::kLow, 3);
}

void AddCvrOnly(const CompareConfig& config, Columns* columns) {
  columns->push_back(
      {"cvr_pcoc_low", "CVR PCOC, lowest pCTR",
       StrCat("the same on the fifth of the clicked exposures with the lowest pCTR, ",
              CommonCtr(config), " of the same seed and data set"),
       Section::kCvr, RowSet::kCvrLowest, Measure::kPcoc, 0, Best::kOne, 3});
  columns->push_back({"cvr_above_one", "pCVR > 1",
                      "share of all exposures whose pCVR, a ratio, exceeds 1", Section::kCvr,
                      RowSet::kCvrOnAll, Measure::kShareAboveOne, 0, Best::kNothing, 4});
}

void AddTruth(const CompareConfig& config, Columns* columns) {
  const auto add = [&](const char* id, const char* title, std::string about, RowSet rows,
                       Measure measure, Best best, int digits) {
    columns->push_back(
        {id, title, std::move(about), Section::kTruth, rows, measure, 0, best, digits});
  };
  const std::string weighted = " exposures by pCVR, weighted by P(conversion | do(click))";
  add("oracle_auc_D", "AUC D", "all" + weighted, RowSet::kTruthAll, Measure::kAuc, Best::kHigh, 4);
  add("oracle_auc_O", "AUC O", "clicked" + weighted, RowSet::kTruthClicked, Measure::kAuc,
      Best::kHigh, 4);
  add("oracle_auc_N", "AUC N", "un-clicked" + weighted, RowSet::kTruthUnclicked, Measure::kAuc,
      Best::kHigh, 4);
  const std::string ratio = " exposures: mean pCVR / mean P(conversion | do(click))";
  add("oracle_pcoc_D", "PCOC D", "all" + ratio, RowSet::kTruthAll, Measure::kPcoc, Best::kOne, 3);
  add("oracle_pcoc_O", "PCOC O", "clicked" + ratio, RowSet::kTruthClicked, Measure::kPcoc,
      Best::kOne, 3);
  add("oracle_pcoc_N", "PCOC N", "un-clicked" + ratio, RowSet::kTruthUnclicked, Measure::kPcoc,
      Best::kOne, 3);
  add("oracle_pcoc_L", "PCOC lowest pCTR",
      StrCat("the same on the tenth of all exposures with the lowest pCTR, ", CommonCtr(config),
             " of the same seed and data set"),
      RowSet::kTruthLowest, Measure::kPcoc, Best::kOne, 3);
  add("oracle_kl_D", "KL D", "mean KL(P(conversion | do(click)) || pCVR), all exposures",
      RowSet::kTruthAll, Measure::kDivergence, Best::kLow, 5);
}

}  // namespace

bool Column::is_truth() const {
  return rows == RowSet::kTruthAll || rows == RowSet::kTruthClicked ||
         rows == RowSet::kTruthUnclicked || rows == RowSet::kTruthLowest;
}

bool Column::needs_pctr() const { return rows == RowSet::kCtr || rows == RowSet::kCtcvr; }

bool Column::needs_common_ctr() const {
  return rows == RowSet::kCvrLowest || rows == RowSet::kCtcvrCommon || rows == RowSet::kTruthLowest;
}

bool Column::counts_positives() const { return !is_truth() && measure != Measure::kShareAboveOne; }

bool Column::needs_groups() const {
  return measure == Measure::kGroupAuc || measure == Measure::kNdcg || measure == Measure::kRecall;
}

Sampling Column::sampling() const {
  if (is_truth()) return Sampling::kNone;
  return measure == Measure::kAuc ? Sampling::kDeLong : Sampling::kBootstrap;
}

Columns ColumnsOf(const CompareConfig& config) {
  Columns columns;
  AddRanking(config, &columns);
  AddGroups(config, &columns);
  AddCalibration(config, {"ctr", "CTR", "click rate", Section::kCtr, RowSet::kCtr}, &columns);
  AddCalibration(config, {"cvr", "CVR", "conversion rate", Section::kCvr, RowSet::kCvr}, &columns);
  AddCvrOnly(config, &columns);
  AddCalibration(config, {"ctcvr", "CTCVR", "rate of conversions", Section::kCtcvr, RowSet::kCtcvr},
                 &columns);
  AddTruth(config, &columns);
  return columns;
}

}  // namespace chorus::launch
