#pragma once
// The results of a step from a device and from this machine's cores, and how far apart the two are.
// Thread safety: functions of their arguments.

#include <span>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "launch/gpu/step_data.h"
#include "worker/engine/device/device_step.h"

namespace chorus::perf {

struct StepSums {
  std::vector<double> logits;             // of all grains
  std::vector<double> losses;             // [terms]
  std::vector<double> dense;              // [parameters]
  std::vector<std::vector<double>> rows;  // [table instances][keys of the step * dim]
};

// Computed with the weights that a run begins with.
Result<StepSums> SumsOnCpu(const TrainConfig& config, const gpu::StepData& data,
                           const worker::StepBatch& batch, const worker::PulledRows& rows);
// REQUIRES: DeviceStep::Train came before.
StepSums SumsOf(const worker::DeviceStep& step, const gpu::StepData& data,
                const worker::StepBatch& batch);

// The largest difference of two elements, divided by the largest element, for each part.
struct Difference {
  double logits = 0, losses = 0, dense = 0, rows = 0;
  double largest() const;
};
Difference DifferenceOf(const StepSums& got, const StepSums& expected);
bool SameBits(const StepSums& a, const StepSums& b);

// Rows of small random values.
class DrawnRows final : public worker::PulledRows {
 public:
  explicit DrawnRows(const std::vector<uint32_t>& dims);
  std::span<const float> RowsFrom(uint32_t table, uint32_t position) const override {
    return {&values_[(size_t{table} * 977 + position) % kRows * widest_], dims_[table]};
  }

 private:
  static constexpr size_t kRows = 1024;
  const std::vector<uint32_t> dims_;
  const size_t widest_;
  std::vector<float> values_;
};

}  // namespace chorus::perf
