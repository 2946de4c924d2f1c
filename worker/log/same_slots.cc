#include "worker/log/same_slots.h"

#include <algorithm>

#include "common/strings.h"

namespace chorus::worker {

Status CheckSameSlots(const LogSchema& model, const LogSchema& log) {
  for (const SlotInfo& slot : model.slots) {
    const auto same = [&](const SlotInfo& other) {
      return other.name == slot.name && other.key_space == slot.key_space &&
             other.context == slot.context;
    };
    if (std::none_of(log.slots.begin(), log.slots.end(), same)) {
      return FailedPrecondition(StrCat(
          "the log has no slot \"", slot.name, "\" of key space \"", slot.key_space, "\" on the ",
          slot.context ? "context" : "exposure", " side, which the model was trained with"));
    }
  }
  if (model.slots.size() != log.slots.size() || model.numerics != log.numerics) {
    return FailedPrecondition(
        "the log's columns differ from those the model was trained with (numeric columns must be "
        "normalised alike: import both logs in one go, or the second one with --like)");
  }
  return Status::Ok();
}

}  // namespace chorus::worker
