#pragma once
// What an import replaced or dropped inside cells, counted by column, with the first example of
// each. A cell of a context counts once for all consecutive rows that share the context. Rows that
// turn out malformed or are dropped count too. Thread safety: none.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chorus::worker {

enum class CellNote {
  kMissing,       // empty, or a marker
  kTrimmed,       // blanks around it
  kDecimalId,     // "41.0" read as 41
  kCut,           // cells with more ids than max_ids
  kDroppedIds,    // ids that such cells lost
  kRareIds,       // ids that are in fewer rows than min_count says
  kRoundedTime,   // a fraction of the time's unit is lost
  kNoConversion,  // a missing conversion in a row without a click
  kExponentId,    // "1e+05", an id other than 100000
  kNotUtf8,       // bytes that are no UTF-8; counted in every row
  kNegativeLog,   // a number below 0 whose logarithm is taken, which is read as 0
};
constexpr uint32_t kCellNotes = 11;
// "missing", "blanks around it", ...
std::string_view NameOf(CellNote note);

struct ColumnNote {
  std::string column;
  CellNote note;
  uint64_t count = 0;
  std::string example;  // the first cell, as Shown
  std::string place;    // "data.csv:17"
};

class ColumnNotes {
 public:
  explicit ColumnNotes(uint32_t columns) : entries_(size_t{columns} * kCellNotes) {}

  void Add(CellNote note, uint32_t column, std::string_view text, uint64_t times = 1) {
    Entry& entry = entries_[size_t{column} * kCellNotes + static_cast<uint32_t>(note)];
    if (entry.count == 0) Begin(entry, text);
    entry.count += times;
  }
  bool Has(CellNote note, uint32_t column) const {
    return entries_[size_t{column} * kCellNotes + static_cast<uint32_t>(note)].count > 0;
  }
  // Whether some entry has an example whose place is not set yet.
  bool wants_place() const { return !placeless_.empty(); }
  void SetPlace(const std::string& place);

  // Adds what was noted about later rows. REQUIRES: all of its places are set; both have equally
  // many columns.
  void Add(const ColumnNotes& later);

  // The notes that have a count, by column.
  std::vector<ColumnNote> List(const std::vector<std::string>& columns) const;

 private:
  struct Entry {
    uint64_t count = 0;
    std::string example;
    std::string place;
  };
  void Begin(Entry& entry, std::string_view text);

  std::vector<Entry> entries_;  // [column * kCellNotes + note]
  std::vector<Entry*> placeless_;
};

}  // namespace chorus::worker
