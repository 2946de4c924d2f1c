#pragma once
// Crossed slots (ImportSchema.cross): one-hot slots whose ids are combinations of the ids of other
// one-hot slots of the row. The id of a combination is fixed for ever, and depends on the order of
// `slot`:
//
//   cross(id1, ..., idn): h = 0; for each id: h = Mix((h ^ id) + 0x9e3779b97f4a7c15)     (key.h)
//
// with the ids that key.h makes of integers and texts, whatever the key spaces of the slots. The
// key space of a crossed slot is its name.
// Thread safety: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/key.h"
#include "common/status.h"
#include "worker/import/column_plan.h"
#include "worker/import/parsed_row.h"

namespace chorus::worker {

// The id of a combination that goes on with `id`. so_far: that of the ids before; 0 before the
// first.
constexpr uint64_t CrossedWith(uint64_t so_far, uint64_t id) {
  return Mix((so_far ^ id) + 0x9e3779b97f4a7c15ULL);
}

// The id of a row's combination; nothing where one of the slots has no id. `own` has the slots of
// the cross's side, as far as they are parsed, and `context` those of contexts.
std::optional<uint64_t> CrossedIdOf(const std::vector<CrossedSlot>& crossed,
                                    const ParsedSide& context, const ParsedSide& own);

// Adds a crossed slot behind the slots of *plan, and what it became to *applied. Errors
// (kInvalidArgument, they name the cross): fewer than two slots, one of them twice, one that is
// not there or is multi-valued, a number, or a cross; a name that another feature has.
Status PlanCross(const ColumnCross& cross, ColumnPlan* plan, ImportSchema* applied);

// The names of all that notes are counted by: columns, then crossed slots (SlotPlan::column).
std::vector<std::string> NotedNames(const ColumnPlan& plan);

}  // namespace chorus::worker
