#include "launch/compare/measure/run_rows.h"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <utility>

#include "common/checksum_stream.h"
#include "common/random.h"
#include "common/strings.h"
#include "worker/statistics/order.h"

namespace chorus::launch {
namespace {

using worker::Scores;

// "Lowest pCTR" is a fifth of the clicked exposures, or a tenth of all.
constexpr uint32_t kClickedParts = 5;
constexpr uint32_t kAllParts = 10;

double LabelOf(const Scores& scores, RowSet::Label label, uint32_t row) {
  if (label == RowSet::Label::kTruth) return static_cast<double>(scores.p_conv_do[row]);
  return label == RowSet::Label::kClick ? scores.click[row] : scores.conversion[row];
}

// Numbers the exposures so that all numbers differ: test logs of one data set may each count from
// 1.
std::vector<uint64_t> OwnNumbers(std::vector<uint64_t> row_id) {
  std::unordered_map<uint64_t, uint64_t> seen;
  for (uint64_t& id : row_id) {
    const uint64_t times = seen[id]++;
    if (times > 0) id = Random(times, RandomPurpose::kSampling, id);
  }
  return row_id;
}

// The groups that the bootstrap draws as a whole.
std::vector<uint64_t> GroupsOf(const Scores& scores) {
  if (!scores.has_group) return OwnNumbers(scores.row_id);
  std::vector<uint64_t> groups = scores.group;
  if (std::count(groups.begin(), groups.end(), worker::kNoGroup) == 0) return groups;
  const std::vector<uint64_t> own = OwnNumbers(scores.row_id);
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] != worker::kNoGroup) continue;
    groups[i] = Random(own[i], RandomPurpose::kSampling, worker::kNoGroup);
  }
  return groups;
}

}  // namespace

const FinishedRun* CommonCtrRun(const FinishedRuns& finished, const FinishedRun& run) {
  const std::string& common = finished.config().common_ctr();
  if (common.empty()) return finished.plan().method(*run.run).reference() ? nullptr : &run;
  return finished.At(FindMethod(finished.config(), common), run.run->fold, run.run->seed);
}

uint64_t LogChecksum(const Scores& scores) {
  ChecksumStream checksum;
  checksum.Add(std::as_bytes(std::span(scores.row_id)));
  checksum.Add(std::as_bytes(std::span(scores.click)));
  checksum.Add(std::as_bytes(std::span(scores.conversion)));
  checksum.Add(std::as_bytes(std::span(scores.group)));
  checksum.Add(std::as_bytes(std::span(scores.weight)));
  return checksum.value();
}

Status CheckSameLog(const FinishedRun& run_a, uint64_t a, const FinishedRun& run_b, uint64_t b) {
  if (a == b) return Status::Ok();
  return FailedPrecondition(StrCat(run_a.run->ScoresPath(), " and ", run_b.run->ScoresPath(),
                                   ": runs of one data set were evaluated on different test logs"));
}

Result<RunScores> RunScoresReader::Read(const FinishedRun& run) {
  RunScores out;
  ASSIGN_OR_RETURN(out.scores, finished_.ScoresOf(run));
  const FinishedRun* const common = CommonCtrRun(finished_, run);
  if (common == &run) {
    out.common_ctr = out.scores.ctr_logit;
  } else if (common != nullptr) {
    ASSIGN_OR_RETURN(Scores scores, finished_.ScoresOf(*common));
    RETURN_IF_ERROR(CheckSameLog(run, LogChecksum(out.scores), *common, LogChecksum(scores)));
    out.common_ctr = std::move(scores.ctr_logit);
  }
  ASSIGN_OR_RETURN(out.field, FieldOf(run, out.scores));
  return out;
}

Result<std::vector<uint64_t>> RunScoresReader::FieldOf(const FinishedRun& run,
                                                       const Scores& scores) {
  std::vector<uint64_t> out;
  const std::string& slot = finished_.config().field();
  if (slot.empty()) return out;
  if (!slots_.contains(run.run->fold)) {
    ASSIGN_OR_RETURN(slots_[run.run->fold],
                     ReadSlot(finished_.files(), run.run->config.evaluate().log(), slot));
  }
  // Scores are in log order; some of the log's exposures may be left out of them.
  const SlotIds& log = slots_.at(run.run->fold);
  for (size_t i = 0; i < log.id.size() && out.size() < scores.rows(); ++i) {
    if (log.row_id[i] == scores.row_id[out.size()]) out.push_back(log.id[i]);
  }
  if (out.size() == scores.rows()) return out;
  return FailedPrecondition(StrCat("field: exposure ", scores.row_id[out.size()],
                                   " of the scores is not in the test log, where slot ", slot,
                                   " is looked up"));
}

RunRows::RunRows(const RunScores& run, bool reference)
    : run_(run), reference_(reference), groups_(worker::NumberGroups(GroupsOf(run.scores))) {}

bool RunRows::Has(const Column& column) const {
  return !(column.needs_pctr() && reference_) && !(column.is_truth() && !run_.scores.has_oracle) &&
         !(column.needs_groups() && !run_.scores.has_group) &&
         !(column.needs_common_ctr() && run_.common_ctr.empty());
}

std::vector<uint32_t> RunRows::RowsOfPart(RowSet::Part part) const {
  using enum RowSet::Part;
  const Scores& scores = run_.scores;
  const bool of_all = part == kAll || part == kLowestOfAll;
  std::vector<uint32_t> rows;
  for (uint32_t i = 0; i < scores.rows(); ++i) {
    if (of_all || (scores.click[i] != 0) == (part != kUnclicked)) rows.push_back(i);
  }
  if (part != kLowestOfAll && part != kLowestOfClicked) return rows;
  std::vector<double> logit;
  std::vector<uint64_t> row_id;
  for (const uint32_t i : rows) {
    logit.push_back(run_.common_ctr[i]);
    row_id.push_back(scores.row_id[i]);
  }
  std::vector<uint32_t> lowest =
      worker::LowestPart(logit, row_id, part == kLowestOfAll ? kAllParts : kClickedParts);
  for (uint32_t& i : lowest) i = rows[i];
  return lowest;
}

std::vector<uint32_t> RunRows::RowsIn(const RowSet& set) const {
  std::vector<uint32_t> rows = RowsOfPart(set.part);
  if (set.grouped) {
    std::erase_if(rows, [&](uint32_t i) { return run_.scores.group[i] == worker::kNoGroup; });
  }
  return rows;
}

double RunRows::WeightOf(RowSet set) const {
  set.grouped = false;
  double sum = 0;
  for (const uint32_t i : RowsIn(set)) sum += run_.scores.WeightOf(i);
  return sum;
}

const worker::TaskRows& RunRows::Of(const RowSet& set) {
  if (set_ == set) return rows_;
  set_ = set;
  rows_ = {};
  for (const uint32_t i : RowsIn(set)) {
    worker::Prediction p = run_.scores.PredictionOf(i);
    if (set.common_ctr) p.ctr_logit = run_.common_ctr[i];
    rows_.logit.push_back(worker::LogitOf(p, set.by));
    rows_.probability.push_back(worker::ProbabilityOf(p, set.by));
    rows_.label.push_back(LabelOf(run_.scores, set.label, i));
    rows_.group.push_back(groups_.of_row[i]);
    rows_.row_id.push_back(run_.scores.row_id[i]);
    // The truth is known for every exposure.
    const bool weighted = run_.scores.has_weight && set.label != RowSet::Label::kTruth;
    if (weighted) rows_.weight.push_back(run_.scores.WeightOf(i));
  }
  return rows_;
}

std::vector<uint64_t> RunRows::FieldOf(const RowSet& set) const {
  std::vector<uint64_t> values;
  for (const uint32_t i : RowsIn(set)) values.push_back(run_.field[i]);
  return values;
}

}  // namespace chorus::launch
