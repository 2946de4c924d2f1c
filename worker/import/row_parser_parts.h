#pragma once
// The functions of RowParserOf, for text_cells.cc and typed_cells.cc alone: a compiler that sees
// both makes one function of a row's parser and the reader of its cells, and text is read a tenth
// faster.
// Thread safety: that of row_parser.h.

#include <optional>
#include <span>
#include <string>

#include "common/check.h"
#include "common/device_math.h"
#include "common/key.h"
#include "common/strings.h"
#include "worker/import/crossed_slots.h"
#include "worker/import/id_counts.h"
#include "worker/import/max_ids.h"
#include "worker/import/row_parser.h"
#include "worker/import/slot_values.h"

namespace chorus::worker {

template <typename Cells>
Status RowParserOf<Cells>::Parse(const Row& row, uint64_t row_number, ParsedRow* out,
                                 ParsedSide* context) {
  CHECK(row.size() == plan_.columns.size(), row.size());
  out->row_id = row_number;
  if (Status labels = ParseLabels(row, out); !labels.ok()) {
    if (!Cells::IsEmpty(row)) return labels;
    return InvalidArgument(StrCat(labels.message(), " (every cell of this row is empty)"));
  }
  RETURN_IF_ERROR(ParseMeta(row, out));
  if (plan_.split_by || plan_.split_by_time) RETURN_IF_ERROR(ParseSplit(row, out));
  RETURN_IF_ERROR(ParseContext(row, context));
  out->context_serial = context_serial_;
  return ParseSide(plan_.exposures, exposure_takes_one_, row, *context, &out->exposure);
}

template <typename Cells>
Status RowParserOf<Cells>::ParseLabels(const Row& row, ParsedRow* out) {
  if (plan_.click) {
    RETURN_IF_ERROR(cells_.Label(*plan_.click, row[*plan_.click], false, &out->click));
  }
  if (!plan_.conversion) return Status::Ok();
  return cells_.Label(*plan_.conversion, row[*plan_.conversion], out->click == 0, &out->conversion);
}

template <typename Cells>
Status RowParserOf<Cells>::ParseMeta(const Row& row, ParsedRow* out) {
  if (plan_.row_id) RETURN_IF_ERROR(cells_.RowId(*plan_.row_id, row[*plan_.row_id], out));
  if (plan_.group) RETURN_IF_ERROR(cells_.Id(*plan_.group, row[*plan_.group], &out->group));
  if (plan_.time) {
    RETURN_IF_ERROR(cells_.Time(*plan_.time, row[*plan_.time], 0, &kinds_.time, &out->time));
  }
  return plan_.weight ? cells_.Weight(*plan_.weight, row[*plan_.weight], &out->weight)
                      : Status::Ok();
}

template <typename Cells>
Status RowParserOf<Cells>::ParseSplit(const Row& row, ParsedRow* out) {
  if (plan_.split_by) {
    RETURN_IF_ERROR(cells_.SplitId(*plan_.split_by, row[*plan_.split_by], &out->split_id));
  }
  if (!plan_.split_by_time) return Status::Ok();
  return cells_.Time(*plan_.split_by_time, row[*plan_.split_by_time], kNoTime, &kinds_.split_time,
                     &out->split_time);
}

template <typename Cells>
Status RowParserOf<Cells>::ParseContext(const Row& row, ParsedSide* out) {
  if (context_valid_ && cells_.IsRemembered(row)) return Status::Ok();
  context_valid_ = false;
  RETURN_IF_ERROR(ParseSide(plan_.contexts, context_takes_one_, row, *out, out));
  cells_.Remember(row);
  context_valid_ = true;
  ++context_serial_;
  return Status::Ok();
}

template <typename Cells>
Status RowParserOf<Cells>::ParseSide(const SidePlan& plan, const std::vector<uint8_t>& takes_one,
                                     const Row& row, const ParsedSide& context, ParsedSide* out) {
  out->keys.clear();
  out->values.clear();
  out->slot_ends.clear();
  out->numerics.clear();
  for (size_t s = 0; s < plan.slots.size(); ++s) {
    const SlotPlan& slot = plan.slots[s];
    // Most cells are certainly one id, and need no further checks.
    if (slot.is_cross()) {
      MakeCross(slot, row, context, out);
    } else if (takes_one[s] == 0 || !cells_.TakePlainId(slot, row, out)) {
      RETURN_IF_ERROR(ParseSlot(slot, row, out));
    }
    out->slot_ends.push_back(static_cast<uint32_t>(out->keys.size()));
  }
  for (const NumericPlan& numeric : plan.numerics) {
    double number = 0;
    if (!cells_.TakePlainNumber(row[numeric.column], &number)) {
      RETURN_IF_ERROR(cells_.Number(numeric.column, row[numeric.column], &number));
    }
    const bool log = numeric.transform == ColumnNumeric::LOG_STANDARD && number == number;
    if (log && number < 0) {
      notes().Add(CellNote::kNegativeLog, numeric.column, Cells::Shown(row, numeric.column));
    }
    out->numerics.push_back(log ? Log1p(Max(number, 0.0)) : number);
  }
  return Status::Ok();
}

template <typename Cells>
Status RowParserOf<Cells>::ParseSlot(const SlotPlan& slot, const Row& row, ParsedSide* out) {
  const size_t first = out->keys.size();
  RETURN_IF_ERROR(cells_.Ids(slot, row, out));
  const size_t ids = out->keys.size() - first;
  if (slot.max_ids > 0 && ids > slot.max_ids) {
    const auto& shown = Cells::Shown(row, slot.column);
    notes().Add(CellNote::kCut, slot.column, shown);
    notes().Add(CellNote::kDroppedIds, slot.column, shown, ids - slot.max_ids);
    KeepIds(slot.max_ids, slot.keep, first, &out->keys, &out->values);
  }
  if (slot.changes_values()) TransformValues(slot, std::span<float>(out->values).subspan(first));
  if (slot.kept_ids != nullptr) {
    const uint64_t rare = DropRareIds(*slot.kept_ids, first, &out->keys, &out->values);
    if (rare > 0) {
      notes().Add(CellNote::kRareIds, slot.column, Cells::Shown(row, slot.column), rare);
    }
  }
  return Status::Ok();
}

template <typename Cells>
void RowParserOf<Cells>::MakeCross(const SlotPlan& slot, const Row& row, const ParsedSide& context,
                                   ParsedSide* out) {
  const std::optional<uint64_t> id = CrossedIdOf(slot.crossed, context, *out);
  if (!id) {
    NoteCross(CellNote::kMissing, slot, row);
    return;
  }
  const Key key = MakeKey(slot.space_seed, *id);
  if (slot.kept_ids != nullptr && !slot.kept_ids->Has(key)) {
    NoteCross(CellNote::kRareIds, slot, row);
    return;
  }
  out->keys.push_back(key);
  out->values.push_back(1);
}

// Most combinations of a large cross are rare: only the first one is shown, "hamburg x shoes".
template <typename Cells>
void RowParserOf<Cells>::NoteCross(CellNote note, const SlotPlan& slot, const Row& row) {
  std::string shown;
  if (!notes().Has(note, slot.column)) {
    for (const CrossedSlot& crossed : slot.crossed) {
      if (&crossed != &slot.crossed.front()) shown += " x ";
      shown += Cells::Shown(row, crossed.column);
    }
  }
  notes().Add(note, slot.column, shown);
}

}  // namespace chorus::worker
