#include "launch/compare/run_rows.h"

#include <numeric>
#include <unordered_map>

#include "common/random.h"
#include "worker/statistics/order.h"

namespace chorus::launch {
namespace {

using worker::Scores;
using worker::Task;

// "Lowest pCTR" is so much of the exposures: of the clicked ones a fifth, of all a tenth.
constexpr uint32_t kClickedParts = 5;
constexpr uint32_t kAllParts = 10;

Task TaskOf(RowSet set) {
  if (set == RowSet::kCtr) return Task::kCtr;
  return set == RowSet::kCtcvr || set == RowSet::kCtcvrCommon ? Task::kCtcvr : Task::kCvr;
}

std::vector<uint32_t> RowsWithClick(const Scores& scores, bool click) {
  std::vector<uint32_t> rows;
  for (uint32_t i = 0; i < scores.rows(); ++i) {
    if ((scores.click[i] != 0) == click) rows.push_back(i);
  }
  return rows;
}

// Those of `rows` with the lowest logits.
std::vector<uint32_t> LowestOf(const std::vector<uint32_t>& rows, const Scores& scores,
                               const std::vector<double>& logits, uint32_t parts) {
  std::vector<double> logit;
  std::vector<uint64_t> row_id;
  for (const uint32_t i : rows) {
    logit.push_back(logits[i]);
    row_id.push_back(scores.row_id[i]);
  }
  std::vector<uint32_t> lowest = worker::LowestPart(logit, row_id, parts);
  for (uint32_t& i : lowest) i = rows[i];
  return lowest;
}

double LabelOf(const Scores& scores, RowSet set, uint32_t row) {
  switch (set) {
    case RowSet::kCtr:
      return scores.click[row];
    case RowSet::kTruthAll:
    case RowSet::kTruthClicked:
    case RowSet::kTruthUnclicked:
    case RowSet::kTruthLowest:
      return static_cast<double>(scores.p_conv_do[row]);
    default:
      return scores.conversion[row];
  }
}

// Numbers of the exposures, all different: test logs of one data set may each count theirs from 1.
std::vector<uint64_t> OwnNumbers(std::vector<uint64_t> row_id) {
  std::unordered_map<uint64_t, uint64_t> seen;
  for (uint64_t& id : row_id) {
    const uint64_t times = seen[id]++;
    if (times > 0) id = Random(times, RandomPurpose::kSampling, id);
  }
  return row_id;
}

worker::GroupNumbers GroupsOf(const Scores& scores) {
  return worker::NumberGroups(scores.has_group ? scores.group : OwnNumbers(scores.row_id));
}

}  // namespace

RunRows::RunRows(const RunScores& run, bool reference)
    : run_(run), reference_(reference), groups_(GroupsOf(run.scores)) {}

bool RunRows::Has(const Column& column) const {
  return !(column.needs_pctr() && reference_) && !(column.is_truth() && !run_.scores.has_oracle) &&
         !(column.needs_groups() && !run_.scores.has_group) &&
         !(column.needs_common_ctr() && run_.common_ctr.empty());
}

std::vector<uint32_t> RunRows::RowsIn(RowSet set) const {
  const Scores& scores = run_.scores;
  std::vector<uint32_t> all(scores.rows());
  std::iota(all.begin(), all.end(), 0u);
  switch (set) {
    case RowSet::kCvr:
    case RowSet::kTruthClicked:
      return RowsWithClick(scores, true);
    case RowSet::kTruthUnclicked:
      return RowsWithClick(scores, false);
    case RowSet::kCvrLowest:
      return LowestOf(RowsWithClick(scores, true), scores, run_.common_ctr, kClickedParts);
    case RowSet::kTruthLowest:
      return LowestOf(all, scores, run_.common_ctr, kAllParts);
    default:
      return all;
  }
}

const worker::TaskRows& RunRows::Of(RowSet set) {
  if (set_ == set) return rows_;
  set_ = set;
  rows_ = {};
  for (const uint32_t i : RowsIn(set)) {
    worker::Prediction p = run_.scores.PredictionOf(i);
    if (set == RowSet::kCtcvrCommon) p.ctr_logit = run_.common_ctr[i];
    rows_.logit.push_back(worker::LogitOf(p, TaskOf(set)));
    rows_.probability.push_back(worker::ProbabilityOf(p, TaskOf(set)));
    rows_.label.push_back(LabelOf(run_.scores, set, i));
    rows_.group.push_back(groups_.of_row[i]);
    rows_.row_id.push_back(run_.scores.row_id[i]);
  }
  return rows_;
}

std::vector<uint64_t> RunRows::FieldOf(RowSet set) const {
  std::vector<uint64_t> values;
  for (const uint32_t i : RowsIn(set)) values.push_back(run_.field[i]);
  return values;
}

}  // namespace chorus::launch
