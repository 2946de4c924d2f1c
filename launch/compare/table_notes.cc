#include "launch/compare/table_notes.h"

#include <algorithm>

#include "common/strings.h"
#include "launch/compare/run_draws.h"
#include "launch/compare/table_text.h"

namespace chorus::launch {
namespace {

// What an unfinished comparison's rows are made of, and whose rows are missing.
std::string UnfinishedNote(const CompareConfig& config, const CompareTable& table) {
  std::vector<std::string> missing;
  for (int m = 0; m < config.method_size(); ++m) {
    const bool shown = std::any_of(table.rows.begin(), table.rows.end(), [&](const TableRow& row) {
      return row.method == static_cast<uint32_t>(m);
    });
    if (!shown) missing.push_back(config.method(m).name());
  }
  std::string note =
      "Unfinished: a row takes the seeds and data sets that its method has, as written behind its "
      "name; a difference those that the base has too.";
  if (!missing.empty())
    note += StrCat(" Left out, without enough runs: ", Join(missing, ", "), ".");
  return note;
}

}  // namespace

std::vector<std::string> TableNotes(const FinishedRuns& finished, const CompareTable& table) {
  const CompareConfig& config = finished.plan().config;
  std::vector<std::string> notes;
  notes.push_back(StrCat(finished.runs().size(), " of ", finished.plan().runs.size(),
                         " runs are finished: ", NumberOf(table.rows.size(), "method"), ", ",
                         NumberOf(config.seeds(), "seed"), ", ",
                         NumberOf(static_cast<uint64_t>(config.data_size()), "data set"), "."));
  if (finished.runs().size() < finished.plan().runs.size())
    notes.push_back(UnfinishedNote(config, table));
  notes.push_back(
      "Mean ± standard deviation over seeds; where there are several data sets (folds), of each "
      "seed their mean.");
  notes.push_back(StrCat(
      "Differences are to ", config.base(),
      ", paired by seed and data set, with 95 % intervals: DeLong's variance of the seeds' mean "
      "contrast for AUCs, the paired bootstrap by group (by exposure where the log has no groups; ",
      config.bootstrap(), " draws) for the rest, none over fewer than ", kFewestGroups,
      " groups, and the variance of the seeds. With one seed, an interval holds the "
      "test set's noise only, and nothing is bold."));
  notes.push_back(
      StrCat("Bold: the interval excludes 0, and ", kFewestPositives,
             " clicks or conversions are behind it. Of cells without any true difference one in "
             "twenty is bold too; nothing is adjusted for the number of cells."));
  notes.insert(notes.end(), table.missing.begin(), table.missing.end());
  if (ColumnsIn(table, Section::kTruth).empty()) return notes;
  notes.push_back(
      "Against the truth: computed from P(conversion | do(click)) of each test exposure, not from "
      "drawn labels. There is no sampling of labels to allow for; intervals show the spread of "
      "seeds alone.");
  return notes;
}

}  // namespace chorus::launch
