#include "worker/log/column_map.h"

#include <optional>
#include <utility>

#include "common/strings.h"

namespace chorus::worker {
namespace {

const char* SideOf(bool context) { return context ? "context" : "exposure"; }

std::string KindOf(const SlotInfo& slot) {
  return StrCat("a ", slot.multi_valued ? "multi-valued" : "one-hot", " slot ",
                slot.has_values ? "with" : "without", " values, of key space \"", slot.key_space,
                "\", on the ", SideOf(slot.context), " side");
}

std::string KindOf(const NumericInfo& numeric) {
  return StrCat("a numeric column on the ", SideOf(numeric.context), " side, ",
                numeric.log_transform ? "of logarithms, " : "", "mean ", numeric.mean,
                ", deviation ", numeric.stddev);
}

std::optional<std::string> KindOf(const LogSchema& schema, const std::string& name) {
  for (const SlotInfo& slot : schema.slots) {
    if (slot.name == name) return KindOf(slot);
  }
  for (const NumericInfo& numeric : schema.numerics) {
    if (numeric.name == name) return KindOf(numeric);
  }
  return std::nullopt;
}

// Why the log's column of that name cannot stand for the wanted one.
template <typename Info>
Status Unlike(const Info& wanted, const LogSchema& log) {
  const std::optional<std::string> found = KindOf(log, wanted.name);
  if (!found.has_value()) {
    return FailedPrecondition(
        StrCat("column \"", wanted.name, "\" is missing; wanted is ", KindOf(wanted)));
  }
  if (*found == KindOf(wanted)) return Status::Ok();
  return FailedPrecondition(
      StrCat("column \"", wanted.name, "\" is ", *found, "; wanted is ", KindOf(wanted),
             " (import both logs with one schema, the second one with --like the first)"));
}

// The place of each wanted column of a side among the log's columns of that side.
template <typename Info>
std::vector<uint32_t> PlacesOf(const std::vector<Info>& wanted, const std::vector<Info>& log,
                               bool context) {
  std::vector<uint32_t> places;
  for (const Info& info : wanted) {
    if (info.context != context) continue;
    uint32_t place = 0;
    for (const Info& other : log) {
      if (other.name == info.name) break;
      place += other.context == context ? 1 : 0;
    }
    places.push_back(place);
  }
  return places;
}

template <typename Info>
void AddIgnored(const std::vector<Info>& log, const LogSchema& wanted,
                std::vector<std::string>* ignored) {
  for (const Info& info : log) {
    if (!KindOf(wanted, info.name).has_value()) ignored->push_back(info.name);
  }
}

template <typename Column>
void Permute(const std::vector<uint32_t>& places, std::vector<Column>* columns) {
  std::vector<Column> out(places.size());
  for (size_t i = 0; i < places.size(); ++i) out[i] = std::move((*columns)[places[i]]);
  *columns = std::move(out);
}

}  // namespace

Result<ColumnMap> ColumnMap::Make(const LogSchema& wanted, const LogSchema& log) {
  ColumnMap map;
  if (wanted.slots == log.slots && wanted.numerics == log.numerics) return map;
  map.identity_ = false;
  for (const SlotInfo& slot : wanted.slots) RETURN_IF_ERROR(Unlike(slot, log));
  for (const NumericInfo& numeric : wanted.numerics) RETURN_IF_ERROR(Unlike(numeric, log));
  map.contexts_ = {PlacesOf(wanted.slots, log.slots, true),
                   PlacesOf(wanted.numerics, log.numerics, true)};
  map.exposures_ = {PlacesOf(wanted.slots, log.slots, false),
                    PlacesOf(wanted.numerics, log.numerics, false)};
  AddIgnored(log.slots, wanted, &map.ignored_);
  AddIgnored(log.numerics, wanted, &map.ignored_);
  return map;
}

void ColumnMap::Apply(const Side& side, FeatureColumns* columns) {
  Permute(side.slots, &columns->slots);
  Permute(side.numerics, &columns->numerics);
}

void ColumnMap::Apply(Batch* batch) const {
  if (identity_) return;
  Apply(contexts_, &batch->contexts);
  Apply(exposures_, &batch->exposures);
}

}  // namespace chorus::worker
