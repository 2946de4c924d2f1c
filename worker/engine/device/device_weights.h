#pragma once
// The dense parameters of a model on a device: weights, running statistics, the optimizer's state,
// and the updates of all of them. Thread safety: none.

#include <cstdint>
#include <span>

#include "common/config.pb.h"
#include "common/optimizer_config.h"
#include "common/optimizer_parameters.h"
#include "common/status.h"
#include "worker/device/device.h"
#include "worker/device/device_arena.h"
#include "worker/layers/parameters.h"
#include "worker/model/dense_update.h"

namespace chorus::worker {

class DeviceWeights {
 public:
  // layout, device: outlive it.  stages: of the method.  config: with defaults applied.
  DeviceWeights(const ParameterLayout* layout, uint32_t stages, const ModelConfig& config,
                Device* device)
      : layout_(*layout),
        last_stage_(stages - 1),
        optimizer_(ParametersOf(config.optimizer())),
        clip_norm_(config.clip_norm()),
        momentum_(config.batch_norm_momentum()),
        device_(device) {}
  // Called twice, see DeviceArena; then Open.
  void TakeMemory(DeviceArena* arena);
  Status Open();

  // On the device.  [parameters]
  std::span<const float> values() const { return {weights_, size()}; }

  // [parameters] each, on the host.
  Status Set(std::span<const float> weights);
  Status SetState(size_t array, std::span<const float> values);
  Status Get(std::span<float> weights);
  Status GetState(size_t array, std::span<float> values);

  // One update from the gradient of the whole step, [parameters]: Update copies it from the host,
  // and UpdateOnDevice uses up one that is on the device. Neither waits.
  Status Update(const DenseUpdate& update, std::span<const float> gradient);
  Status UpdateOnDevice(const DenseUpdate& update, float* gradient);
  float* gradient() const { return gradient_; }  // room for one on the device
  // To be called when the device has been synchronised.
  void Settle() { gradient_in_flight_ = false; }

 private:
  size_t size() const { return static_cast<size_t>(layout_.size()); }
  Status UploadGradient(ParameterRange range, std::span<const float> gradient);

  const ParameterLayout& layout_;
  const uint32_t last_stage_;
  const OptimizerParameters optimizer_;
  const double clip_norm_;
  const double momentum_;
  Device* const device_;
  float* weights_ = nullptr;
  float* state_[2] = {};
  float* gradient_ = nullptr;         // of the whole step
  float* gradient_host_ = nullptr;    // page-locked, what is copied there
  bool gradient_in_flight_ = false;   // the copy may still read gradient_host_
  ParameterRange statistics_;         // behind the weights
  DeviceStatistic* table_ = nullptr;  // [statistics_]
};

}  // namespace chorus::worker
