#include "worker/import/schema_doubts.h"

#include "common/shell_word.h"
#include "common/strings.h"
#include "worker/import/cell_hints.h"
#include "worker/import/cell_text.h"
#include "worker/import/column_role.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

constexpr size_t kMostShown = 20;  // values of a column

// Of one column; "" where there is none.
std::string DoubtOfColumn(const GuessedColumn& column, const ColumnSample& seen) {
  const std::string name = Shown(column.name);
  const bool label = column.role == ColumnRole::kClick || column.role == ColumnRole::kConversion;
  if (label && !seen.unlabelled_example().empty()) {
    return StrCat("column ", name, " is named as a label and holds ",
                  Shown(seen.unlabelled_example()), ", where import expects ",
                  ExpectedLabel(seen.unlabelled_example()));
  }
  if (!column.outcome.empty() && MayBeCounts(seen)) {
    return StrCat("column ", name, " has the name of a label and holds counts (", seen.least(),
                  " to ", seen.most(),
                  "): it is excluded. A label is 0 or 1: write 1 for counts above 0, or a row for "
                  "each exposure; if it is known before the exposure, make it a numeric");
  }
  if (!column.outcome.empty()) {
    return StrCat("column ", name, " ", column.outcome,
                  ": it is excluded. If it is known before the exposure, make it a feature");
  }
  if (column.is_respelt) {
    return StrCat("column ", name, " holds numbers like ", Shown(seen.odd_example()),
                  " and is excluded; import expects ", ExpectedNumber(seen.odd_example()));
  }
  if (!column.leak.empty()) {
    return StrCat("column ", name, " ", column.leak,
                  ": it may tell the label, and is excluded. Is it known when the ad is "
                  "shown? Then make it a feature");
  }
  if (column.role == ColumnRole::kSlot && seen.is_bracketed()) {
    return StrCat("column ", name, " holds lists like ", seen.example(),
                  ": brackets and quotes would be parts of its ids; write such a cell as 1|2|3");
  }
  if (column.role == ColumnRole::kSlot && HoldsEvents(column.name, seen)) {
    return StrCat(
        "column ", name, " says what happened (", Join(seen.FewValues(kMostShown), ", "),
        "), which tells the label and is no feature: exclude it. A label is a column of 0 "
        "and 1 in the row of its exposure: where each event has a row, join them before "
        "the import");
  }
  return "";
}

// ". Is 'bought' the only label, ...", where one is found that can be no conversion without a click.
std::string OnlyLabel(const SchemaGuess& guess) {
  const auto conversion = guess.Of(ColumnRole::kConversion);
  if (!conversion) return "";
  const std::string& name = guess.columns[*conversion].name;
  return StrCat(". If ", Shown(name), " is the only label, it is the click's: --click ",
                ShellWord(name));
}

// "; of two values are 'Klick' ('ja') and ...", which may be labels in other words; "": none.
std::string ColumnsOfTwo(const SchemaGuess& guess) {
  constexpr size_t kMost = 5;
  std::vector<std::string> shown;
  for (uint32_t c = 0; c < guess.columns.size() && shown.size() < kMost; ++c) {
    const ColumnSample& seen = guess.samples[c];
    if (seen.values() != 2 || seen.all_labels() || seen.missing_share() > 0) continue;
    shown.push_back(
        StrCat(Shown(guess.columns[c].name), " (", Shown(seen.unlabelled_example()), ")"));
  }
  if (shown.empty()) return "";
  return StrCat(". Of two values are ", Join(shown, ", "),
                ": a label of them is to be written as 0 and 1");
}

}  // namespace

std::vector<std::string> DoubtsOfDraft(const TextSample& sample, const SchemaGuess& guess) {
  std::vector<std::string> out;
  if (!guess.Of(ColumnRole::kClick)) {
    out.push_back(
        StrCat("no column of 0 and 1 has a name like click: fill in click, or name its column "
               "with --click; columns that tell a label are found when it is known",
               OnlyLabel(guess), ColumnsOfTwo(guess)));
  }
  if (sample.malformed > 0) {
    out.push_back(StrCat(sample.malformed, " of the first ", guess.rows + sample.malformed,
                         " rows are malformed and were passed over"));
  }
  for (uint32_t c = 0; c < guess.columns.size(); ++c) {
    std::string doubt = DoubtOfColumn(guess.columns[c], guess.samples[c]);
    if (!doubt.empty()) out.push_back(std::move(doubt));
  }
  if (guess.contexts.are_apart) {
    out.push_back(
        "rows of one user and time are not next to one another: sorted by user and time, what "
        "they share would be stored and computed once. Training shuffles such a log by parts "
        "(data.window_blocks)");
  }
  return out;
}

}  // namespace chorus::worker
