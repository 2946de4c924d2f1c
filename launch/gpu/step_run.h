#pragma once
// One worker's training step on a device, with the calls that the trainer makes. On a
// CountingDevice every call's cost is noted; on a CountingDevice without another device it is a dry
// run, so that the cost of a job's step is known before there is a device. Thread safety: none.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "launch/gpu/counting_device.h"
#include "launch/gpu/step_data.h"
#include "worker/device/device_collective.h"
#include "worker/engine/cpu/sparse_gradient.h"
#include "worker/engine/device/device_step.h"

namespace chorus::gpu {

// The weights that a job begins with, plus small random numbers: a job's biases and logits begin as
// zeros, which would hide mistakes on the way to them.
std::vector<float> RunWeights(const worker::ParameterLayout& layout, uint64_t seed);

class StepRun {
 public:
  // config, data and device outlive the StepRun, and so does pool, whose threads pack steps (null:
  // only the caller's thread). On a plain device nothing is counted: steps take as long as in a
  // job.
  static Result<std::unique_ptr<StepRun>> Create(const TrainConfig& config, const StepData& data,
                                                 worker::Device* device,
                                                 worker::ThreadPool* pool = nullptr) {
    return CreateOn(config, data, device, nullptr, pool);
  }
  static Result<std::unique_ptr<StepRun>> Create(const TrainConfig& config, const StepData& data,
                                                 CountingDevice* device,
                                                 worker::ThreadPool* pool = nullptr) {
    return CreateOn(config, data, device, device, pool);
  }

  // From now on dense gradients stay on the device (DeviceStep::KeepGradients), as those of an only
  // worker or, with `among`, as if they were summed with other devices.
  void KeepGradients(bool among);

  // Loads the step, computes it and updates the weights by the worker's own gradient (the sum of
  // all workers' has the same size).
  Status Run(const worker::StepBatch& batch, const worker::PulledRows& rows);
  // Parts of Run.
  Status Load(const worker::StepBatch& batch, const worker::PulledRows& rows);
  Status Compute(const worker::StepBatch& batch);
  Status Update(const worker::StepBatch& batch);

  // The gradients for the servers, after Compute; they are views of this object's memory.
  std::unique_ptr<worker::StepGradients> Gradients(const worker::StepBatch& batch) const;

  worker::DeviceStep& step() { return *step_; }

 private:
  StepRun(const StepData& data, CountingDevice* counting) : data_(data), counting_(counting) {}
  // counting: `device` as what it is, or null.
  static Result<std::unique_ptr<StepRun>> CreateOn(const TrainConfig& config, const StepData& data,
                                                   worker::Device* device, CountingDevice* counting,
                                                   worker::ThreadPool* pool);
  void SetPhase(std::optional<Phase> phase) {
    if (counting_ != nullptr) counting_->SetPhase(phase);
  }

  const StepData& data_;
  CountingDevice* const counting_;
  std::unique_ptr<worker::DeviceCollective> collective_;
  std::unique_ptr<worker::DeviceStep> step_;
  std::vector<float> gradient_;
  uint64_t updates_ = 0;
};

// The cost of the last of the steps that were read, found without a device. Dense gradients stay on
// the device unless compute.cuda.collective is HOST.
struct DryRun {
  StepCost cost;
  std::unique_ptr<worker::StepGradients> gradients;  // those for the servers; they are zeros
  std::deque<worker::SparseGradient> viewed;         // what the gradients are views of
  int64_t parameters = 0;
  size_t nodes = 0;  // terms of the canonical tree that this worker sums
  TakenMemory taken;
  double pack_seconds = 0;  // of Load on this machine: packing the step by compute.threads
};
Result<DryRun> RunDry(const TrainConfig& config, const StepData& data, uint32_t workers);

}  // namespace chorus::gpu
