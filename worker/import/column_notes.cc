#include "worker/import/column_notes.h"

#include "common/check.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {

std::string_view NameOf(CellNote note) {
  switch (note) {
    case CellNote::kMissing:
      return "missing";
    case CellNote::kTrimmed:
      return "blanks around it";
    case CellNote::kDecimalId:
      return "decimal read as integer id";
    case CellNote::kCut:
      return "more ids than max_ids";
    case CellNote::kDroppedIds:
      return "ids dropped by max_ids";
    case CellNote::kRareIds:
      return "ids in fewer rows than min_count";
    case CellNote::kRoundedTime:
      return "time rounded down";
    case CellNote::kNoConversion:
      return "missing without click, read as 0";
    case CellNote::kExponentId:
      return "integer with an exponent, an id of its own";
    case CellNote::kNotUtf8:
      return "not UTF-8";
    case CellNote::kNegativeLog:
      return "below 0, read as 0 (LOG_STANDARD)";
  }
  CHECK(false, "a note without name");
  return "";
}

void ColumnNotes::Begin(Entry& entry, std::string_view text) {
  entry.example = Shown(text);
  placeless_.push_back(&entry);
}

void ColumnNotes::SetPlace(const std::string& place) {
  for (Entry* entry : placeless_) entry->place = place;
  placeless_.clear();
}

void ColumnNotes::Add(const ColumnNotes& later) {
  CHECK(later.entries_.size() == entries_.size() && !later.wants_place(), entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& from = later.entries_[i];
    if (entries_[i].count == 0) {
      entries_[i] = from;
    } else {
      entries_[i].count += from.count;
    }
  }
}

std::vector<ColumnNote> ColumnNotes::List(const std::vector<std::string>& columns) const {
  std::vector<ColumnNote> notes;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.count == 0) continue;
    notes.push_back({columns[i / kCellNotes], static_cast<CellNote>(i % kCellNotes), entry.count,
                     entry.example, entry.place});
  }
  return notes;
}

}  // namespace chorus::worker
