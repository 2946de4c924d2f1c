#pragma once
// One grain of a step on a device: its forward pass, its losses, and the two halves of its backward
// pass, enqueued call by call. A grain has the shapes that the CPU gives it, so that its result
// depends on the grain alone. Thread safety: none.

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "common/tree.h"
#include "worker/device/device.h"
#include "worker/device/device_arena.h"
#include "worker/engine/device/device_gradients.h"
#include "worker/engine/device/device_weights.h"
#include "worker/engine/device/finite_flags.h"
#include "worker/engine/device/packed_step.h"
#include "worker/engine/device/step_results.h"
#include "worker/layers/graph_pass.h"
#include "worker/model/model.h"
#include "worker/objective/objective.h"

namespace chorus::worker {

// What is planned once; all of it outlives what computes from it.
struct GrainPlan {
  const Model* model = nullptr;
  const Objective* objective = nullptr;
  int64_t grain_rows = 0;
  int64_t grains = 0;  // of this worker
  uint64_t seed = 0;
  bool keeps_activations = false;  // of every grain: some stage has partials

  const std::vector<GroupPlan>& groups() const { return model->network.groups; }
  uint32_t last_stage() const { return objective->shape().stages() - 1; }
};

// What lives for a step.
struct LoadedStep {
  const PackedStep* packed = nullptr;
  uint32_t stage = 0;
  uint64_t step = 0;                     // 0: no dropout
  bool training = false;                 // gradients will be wanted
  bool forwarded = false;                // the forward pass of all grains has been enqueued
  std::vector<int64_t> padded_contexts;  // [grains]
};

// What a grain's calls read and write beside its own activations; all of it outlives DeviceGrains.
struct GrainArrays {
  DeviceWeights* weights = nullptr;
  DeviceGradients* gradients = nullptr;
  FiniteFlags* flags = nullptr;
  StepResults* results = nullptr;
  Device* device = nullptr;
};

class DeviceGrains {
 public:
  DeviceGrains(const GrainPlan& plan, const GrainArrays& arrays) : plan_(plan), arrays_(arrays) {}
  // Called twice, see DeviceArena.
  void TakeMemory(DeviceArena* arena);

  // `step` outlives the calls below, until the next Use.
  void Use(const LoadedStep* step) { step_ = step; }
  bool IsComputed(size_t group) const { return plan_.groups()[group].stage <= step_->stage; }
  bool IsTrained(size_t group) const { return plan_.groups()[group].stage == step_->stage; }

  // Logits with their flags, and, where the stage has them, the objective's partial sums.
  Status Forward(size_t grain);
  // The forward pass unless it has run, losses, and zeros where the stage has no gradient.
  // scales: [terms], on the device.
  Status Losses(size_t grain, const double* scales);
  // The backward pass of a group: the upper part of its graph, then the rest, down to d loss / d
  // input.
  Status Upper(size_t grain, size_t group);
  Status Lower(size_t grain, size_t group);
  Status CheckWeights(size_t grain);  // raises the flag of its dense gradient

  // d loss / d pooled input of a group, of the grain whose Lower came last.
  const float* dcontexts(size_t grain, size_t group);
  const float* dexposures(size_t grain, size_t group);

 private:
  // Activations of one grain in all groups.
  struct Activations {
    std::vector<GraphBuffers> groups;
    MatrixView<float> dlogits;  // [grain_rows, heads]
  };
  Activations& ActivationsOf(size_t grain) {
    return activations_[plan_.keeps_activations ? grain : 0];
  }
  GraphPass PassOf(size_t grain, size_t group);
  Status ForwardGroups(size_t grain);
  std::span<float> GradientOf(size_t grain) const;

  const GrainPlan plan_;
  const GrainArrays arrays_;
  std::vector<Activations> activations_;  // one, or [grains]
  const LoadedStep* step_ = nullptr;
};

}  // namespace chorus::worker
