#include "worker/import/crossed_slots.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/strings.h"
#include "worker/import/delimited_row.h"
#include "worker/import/key_id.h"

namespace chorus::worker {
namespace {

// Where a name is among the features of a plan.
const SlotInfo* FindSlotInfo(const LogSchema& schema, const std::string& name) {
  const auto found = std::find_if(schema.slots.begin(), schema.slots.end(),
                                  [&](const SlotInfo& info) { return info.name == name; });
  return found == schema.slots.end() ? nullptr : &*found;
}

bool IsNumeric(const LogSchema& schema, const std::string& name) {
  return std::any_of(schema.numerics.begin(), schema.numerics.end(),
                     [&](const NumericInfo& info) { return info.name == name; });
}

// The place of a slot among those of its side.
uint32_t PlaceOfSlot(const LogSchema& schema, const SlotInfo& info) {
  uint32_t place = 0;
  for (const SlotInfo& other : schema.slots) {
    if (&other == &info) break;
    place += other.context == info.context ? 1 : 0;
  }
  return place;
}

class CrossPlanner {
 public:
  CrossPlanner(const ColumnCross& cross, ColumnPlan* plan) : cross_(cross), plan_(*plan) {
    name_ = cross.name().empty() ? Join({cross.slot().begin(), cross.slot().end()}, "_x_")
                                 : cross.name();
  }

  Status Add(ImportSchema* applied) {
    RETURN_IF_ERROR(CheckName());
    std::vector<CrossedSlot> crossed;
    for (const std::string& slot : cross_.slot()) {
      ASSIGN_OR_RETURN(const CrossedSlot found, FindCrossed(slot));
      crossed.push_back(found);
    }
    const bool context = std::all_of(crossed.begin(), crossed.end(),
                                     [](const CrossedSlot& slot) { return slot.context; });
    SlotPlan planned{};
    planned.column = plan_.noted();
    planned.space_seed = SpaceSeed(name_);
    planned.min_count = static_cast<uint32_t>(cross_.min_count());
    planned.crossed = std::move(crossed);
    (context ? plan_.contexts : plan_.exposures).slots.push_back(std::move(planned));
    plan_.schema.slots.push_back({.name = name_, .key_space = name_, .context = context});
    plan_.crosses.push_back(name_);
    ColumnCross& out = *applied->add_cross();
    *out.mutable_slot() = cross_.slot();
    out.set_name(name_);
    if (cross_.min_count() > 0) out.set_min_count(cross_.min_count());
    return Status::Ok();
  }

 private:
  Status Wrong(const std::string& why) const {
    return InvalidArgument(StrCat("cross ", Shown(name_), ": ", why));
  }

  Status CheckName() const {
    if (cross_.slot_size() < 2) {
      return Wrong(StrCat("found ", cross_.slot_size(), " slots, expected two or more"));
    }
    if (FindSlotInfo(plan_.schema, name_) != nullptr || IsNumeric(plan_.schema, name_)) {
      return Wrong("another feature has its name; give it one (name)");
    }
    if (cross_.min_count() <= std::numeric_limits<uint32_t>::max()) return Status::Ok();
    return Wrong(StrCat("min_count is ", cross_.min_count(), ", allowed is up to 4294967295"));
  }

  Result<CrossedSlot> FindCrossed(const std::string& slot) const {
    if (std::count(cross_.slot().begin(), cross_.slot().end(), slot) > 1) {
      return Wrong(StrCat("slot ", Shown(slot), " is in it twice"));
    }
    const SlotInfo* const info = FindSlotInfo(plan_.schema, slot);
    if (info == nullptr) return NotThere(slot);
    if (std::count(plan_.crosses.begin(), plan_.crosses.end(), slot) > 0) {
      return Wrong(StrCat(Shown(slot), " is a cross itself; name the slots that it is made of"));
    }
    if (info->multi_valued) {
      return Wrong(StrCat("slot ", Shown(slot),
                          " is multi-valued, and a cross is made of slots of one id a row"));
    }
    const uint32_t place = PlaceOfSlot(plan_.schema, *info);
    const SidePlan& side = info->context ? plan_.contexts : plan_.exposures;
    return CrossedSlot{info->context, place, side.slots[place].space_seed,
                       side.slots[place].column};
  }

  Status NotThere(const std::string& slot) const {
    if (IsNumeric(plan_.schema, slot)) {
      return Wrong(StrCat(Shown(slot), " is a number, and a cross is made of slots"));
    }
    constexpr size_t kNames = 30;
    std::vector<std::string> names;
    for (const SlotInfo& info : plan_.schema.slots) {
      names.push_back(names.size() < kNames ? Shown(info.name) : "...");
      if (names.size() > kNames) break;
    }
    return Wrong(StrCat("the schema makes no slot ", Shown(slot), "; its slots are ",
                        names.empty() ? "none" : Join(names, ", "),
                        " (names are whole: wildcards do not apply)"));
  }

  const ColumnCross& cross_;
  ColumnPlan& plan_;
  std::string name_;
};

}  // namespace

std::optional<uint64_t> CrossedIdOf(const std::vector<CrossedSlot>& crossed,
                                    const ParsedSide& context, const ParsedSide& own) {
  uint64_t id = 0;
  for (const CrossedSlot& slot : crossed) {
    const ParsedSide& side = slot.context ? context : own;
    const uint32_t begin = slot.slot == 0 ? 0 : side.slot_ends[slot.slot - 1];
    if (begin == side.slot_ends[slot.slot]) return std::nullopt;
    id = CrossedWith(id, IdOfKey(slot.space_seed, side.keys[begin]));
  }
  return id;
}

Status PlanCross(const ColumnCross& cross, ColumnPlan* plan, ImportSchema* applied) {
  return CrossPlanner(cross, plan).Add(applied);
}

std::vector<std::string> NotedNames(const ColumnPlan& plan) {
  std::vector<std::string> names = plan.columns;
  names.insert(names.end(), plan.crosses.begin(), plan.crosses.end());
  return names;
}

}  // namespace chorus::worker
