#include "launch/compare/missing_columns.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// What the test logs and the runs of a comparison have at all.
struct Contents {
  bool clicked = false, unclicked = false, converted = false, unconverted = false;
  bool group = false, oracle = false;
  bool own = false;         // runs of methods that are no references
  bool common_ctr = false;  // runs whose pCTR stands for all
};

void AddLog(const worker::Scores& scores, Contents* contents) {
  contents->group |= scores.has_group;
  contents->oracle |= scores.has_oracle;
  for (uint64_t i = 0; i < scores.rows(); ++i) {
    const bool clicked = scores.click[i] != 0, converted = scores.conversion[i] != 0;
    (clicked ? contents->clicked : contents->unclicked) = true;
    if (clicked) (converted ? contents->converted : contents->unconverted) = true;
  }
}

Result<Contents> ContentsOf(const FinishedRuns& finished) {
  const ComparePlan& plan = finished.plan();
  Contents contents;
  std::set<uint32_t> folds;  // looked at
  for (const FinishedRun& run : finished.runs()) {
    const CompareMethod& method = plan.method(*run.run);
    contents.own |= !method.reference();
    contents.common_ctr |=
        plan.config.common_ctr().empty() || method.name() == plan.config.common_ctr();
    if (!folds.insert(run.run->fold).second) continue;
    ASSIGN_OR_RETURN(const worker::Scores scores, finished.ScoresOf(run));
    AddLog(scores, &contents);
  }
  return contents;
}

bool LooksAtClickedRows(RowSet rows) {
  return rows == RowSet::kCvr || rows == RowSet::kCvrLowest || rows == RowSet::kTruthClicked;
}

// "": it is not to be spoken of.
std::string WhyMissing(const Column& column, const Contents& contents, const std::string& common) {
  const bool of_clicks = column.rows == RowSet::kCtr;
  if (column.is_truth() && !contents.oracle) return "";
  if (column.needs_pctr() && !contents.own) return "only references are finished";
  if (column.needs_common_ctr() && !contents.common_ctr) {
    return StrCat("no run of ", common, ", whose pCTR it takes, is finished");
  }
  if (column.needs_groups() && !contents.group) return "the test logs have no group column";
  if (column.rows == RowSet::kTruthUnclicked || (of_clicks && contents.clicked)) {
    if (!contents.unclicked) return "every exposure of the test logs is clicked";
  } else if (!contents.clicked && (!column.is_truth() || LooksAtClickedRows(column.rows))) {
    return "no exposure of the test logs is clicked";
  } else if (!contents.converted && !column.is_truth()) {
    return "no click of the test logs converts";
  } else if (!contents.unconverted && LooksAtClickedRows(column.rows) && !column.is_truth()) {
    return "every click of the test logs converts";
  }
  if (column.measure == Measure::kGroupAuc) return "no group has both labels";
  return "undefined on every test log";
}

}  // namespace

Result<std::vector<std::string>> MissingNotes(const FinishedRuns& finished,
                                              const std::vector<Column>& missing) {
  std::vector<std::string> notes;
  if (missing.empty()) return notes;
  ASSIGN_OR_RETURN(const Contents contents, ContentsOf(finished));
  std::vector<std::pair<std::string, std::vector<std::string>>> titles;  // by reason
  for (const Column& column : missing) {
    const std::string why = WhyMissing(column, contents, finished.plan().config.common_ctr());
    if (why.empty()) continue;
    const auto same = std::find_if(titles.begin(), titles.end(),
                                   [&](const auto& entry) { return entry.first == why; });
    (same != titles.end() ? *same : titles.emplace_back(why, std::vector<std::string>()))
        .second.push_back(column.title);
  }
  for (const auto& [why, of] : titles) {
    notes.push_back(StrCat("No value: ", Join(of, ", "), " (", why, ")."));
  }
  return notes;
}

}  // namespace chorus::launch
