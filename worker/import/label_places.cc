#include "worker/import/label_places.h"

#include <algorithm>
#include <memory>

#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

constexpr size_t kShown = 5;

std::string NameOf(const LabelRow& row) {
  // Of a text the identity is a hash.
  return row.identity.check == 0
             ? StrCat("row ", row.row, " of the labels (id ", row.identity.id, ")")
             : StrCat("row ", row.row, " of the labels");
}

bool CanBeReadAgain(const RowsOfText& text) {
  return std::all_of(text.inputs.begin(), text.inputs.end(),
                     [](const TextInput& input) { return input.open_file != nullptr; });
}

// rows: rise. As far as the text can be read.
std::vector<std::string> ReadPlaces(const RowsOfText& text, uint32_t row_id_column,
                                    const std::vector<LabelRow>& rows) {
  std::vector<std::string> places;
  const auto table = TextTable::Open(text.inputs, text.format);
  if (!table.ok()) return places;
  uint64_t row = 0;
  while (places.size() < rows.size()) {
    const Result<bool> got = (*table)->Next();
    if (!got.ok() || !*got) break;
    if (++row < rows[places.size()].row || !(*table)->malformed().ok()) continue;
    places.push_back(
        StrCat((*table)->Place(), " (id ", Shown((*table)->cells()[row_id_column]), ")"));
  }
  return places;
}

}  // namespace

std::vector<std::string> PlacesOfFirst(const RowsOfText& text, const LabelRows& read,
                                       std::vector<LabelRow> rows) {
  const size_t shown = std::min(kShown, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + shown, rows.end(),
                    [](const LabelRow& a, const LabelRow& b) { return a.row < b.row; });
  const bool has_more = rows.size() > shown;
  rows.resize(shown);
  std::vector<std::string> places;
  if (CanBeReadAgain(text)) places = ReadPlaces(text, read.row_id_column(), rows);
  for (size_t i = places.size(); i < rows.size(); ++i) places.push_back(NameOf(rows[i]));
  if (has_more) places.emplace_back("...");
  return places;
}

}  // namespace chorus::worker
