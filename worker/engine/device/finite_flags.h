#pragma once
// Which logits and gradients of a worker's grains are finite: flags that a device raises, and what
// they say. A grain has one for each head, each slot of contexts, each slot of exposures, and one
// for its dense gradient, in this order. Thread safety: none.

#include <cstdint>

#include "common/status.h"
#include "common/tree.h"
#include "worker/device/device.h"
#include "worker/device/device_arena.h"
#include "worker/model/input_layout.h"
#include "worker/objective/objective.h"

namespace chorus::worker {

class FiniteFlags {
 public:
  // All outlive it.
  FiniteFlags(const InputLayout* inputs, const Objective* objective, GrainRange range,
              Device* device);
  // Called twice, see DeviceArena; then Open.
  void TakeMemory(DeviceArena* arena);
  Status Open();

  uint32_t per_grain() const { return heads_ + slots_ + 1; }
  // Raises flags of a grain.  flags: [per_grain()], on the device.
  Status OfLogits(MatrixView<const float> logits, uint32_t* flags);
  Status OfInputs(MatrixView<const float> dcontexts, MatrixView<const float> dexposures,
                  uint32_t* flags);
  Status OfWeights(MatrixView<const float> gradient, uint32_t* flags);

  // all: [grains, per_grain()], on the host. Error: kFailedPrecondition that names grain and head,
  // slot or block of the first flag; of logits alone unless `gradients`.
  Status Check(const uint32_t* all, bool gradients) const;

 private:
  std::string NameOf(uint32_t flag) const;

  const InputLayout& inputs_;
  const Objective& objective_;
  const GrainRange range_;
  Device* const device_;
  const uint32_t heads_;
  const uint32_t slots_;
  uint32_t* of_head_ = nullptr;      // [heads]
  uint32_t* of_context_ = nullptr;   // [contexts' slot width]
  uint32_t* of_exposure_ = nullptr;  // [exposures' slot width]
};

}  // namespace chorus::worker
