#include "worker/engine/device/finite_flags.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "common/strings.h"

namespace chorus::worker {

FiniteFlags::FiniteFlags(const InputLayout* inputs, const Objective* objective, GrainRange range,
                         Device* device)
    : inputs_(*inputs),
      objective_(*objective),
      range_(range),
      device_(device),
      heads_(static_cast<uint32_t>(objective->heads().size())),
      slots_(
          static_cast<uint32_t>(inputs->contexts.slots.size() + inputs->exposures.slots.size())) {}

void FiniteFlags::TakeMemory(DeviceArena* arena) {
  of_head_ = arena->TakeOf<uint32_t>(heads_);
  of_context_ = arena->TakeOf<uint32_t>(inputs_.contexts.slot_width);
  of_exposure_ = arena->TakeOf<uint32_t>(inputs_.exposures.slot_width);
}

Status FiniteFlags::Open() {
  std::vector<uint32_t> heads(heads_), contexts, exposures;
  std::iota(heads.begin(), heads.end(), 0u);
  uint32_t flag = heads_;
  for (const SlotInput& slot : inputs_.contexts.slots)
    contexts.insert(contexts.end(), static_cast<size_t>(slot.width()), flag++);
  for (const SlotInput& slot : inputs_.exposures.slots)
    exposures.insert(exposures.end(), static_cast<size_t>(slot.width()), flag++);
  const auto upload = [&](const std::vector<uint32_t>& from, uint32_t* to) {
    return device_->Upload(from.data(), to, from.size() * sizeof(uint32_t));
  };
  RETURN_IF_ERROR(upload(heads, of_head_));
  RETURN_IF_ERROR(upload(contexts, of_context_));
  RETURN_IF_ERROR(upload(exposures, of_exposure_));
  return device_->Synchronize();
}

Status FiniteFlags::OfLogits(MatrixView<const float> logits, uint32_t* flags) {
  return device_->FlagNonFinite(logits, of_head_, flags);
}

Status FiniteFlags::OfInputs(MatrixView<const float> dcontexts, MatrixView<const float> dexposures,
                             uint32_t* flags) {
  RETURN_IF_ERROR(device_->FlagNonFinite(dcontexts, of_context_, flags));
  return device_->FlagNonFinite(dexposures, of_exposure_, flags);
}

Status FiniteFlags::OfWeights(MatrixView<const float> gradient, uint32_t* flags) {
  return device_->FlagNonFinite(gradient, nullptr, flags + per_grain() - 1);
}

std::string FiniteFlags::NameOf(uint32_t flag) const {
  if (flag < heads_) return StrCat("logit of head \"", objective_.heads()[flag].name, "\"");
  flag -= heads_;
  for (const SideInputs* side : {&inputs_.contexts, &inputs_.exposures}) {
    if (flag < side->slots.size()) {
      return StrCat("gradient of slot \"", side->slots[flag].name, "\"");
    }
    flag -= static_cast<uint32_t>(side->slots.size());
  }
  return "gradient of the dense weights";
}

Status FiniteFlags::Check(const uint32_t* all, bool gradients) const {
  const uint32_t checked = gradients ? per_grain() : heads_;
  for (uint32_t grain = 0; grain < range_.size(); ++grain) {
    const uint32_t* const flags = all + size_t{grain} * per_grain();
    const uint32_t* const raised = std::find(flags, flags + checked, 1u);
    if (raised == flags + checked) continue;
    return FailedPrecondition(StrCat("grain ", range_.begin + grain, ": the ",
                                     NameOf(static_cast<uint32_t>(raised - flags)),
                                     " is not finite"));
  }
  return Status::Ok();
}

}  // namespace chorus::worker
