// Times of calls, by hand, of a GPU whose peaks are round numbers.

#include "launch/gpu/device_time.h"

#include <gtest/gtest.h>

namespace chorus::gpu {
namespace {

Gpu RoundGpu() {
  Gpu gpu;
  gpu.fp32_tflops = 1;
  gpu.tf32_tflops = 8;
  gpu.memory_gb_s = 1;
  gpu.bus_gb_s = 1;
  gpu.processors = 10;
  gpu.start_us = 5;
  return gpu;
}

TEST(DeviceTime, AnEmptyKernelTakesItsStart) {
  Cost cost;
  cost.launches = 2;
  EXPECT_DOUBLE_EQ(SecondsOf(cost, RoundGpu(), ComputeConfig::FP32), 10e-6);
  cost.BecomeNodes();
  EXPECT_DOUBLE_EQ(SecondsOf(cost, RoundGpu(), ComputeConfig::FP32), 2 * assumed::kNodeSeconds);
}

TEST(DeviceTime, TheLargestOfStartsMemoryProductsAndLoopsDecides) {
  Cost cost;
  cost.launches = 1;
  cost.memory_bytes = 750'000;
  EXPECT_DOUBLE_EQ(SecondsOf(cost, RoundGpu(), ComputeConfig::FP32), 1e-3);
  cost.flops = 1'500'000'000;
  cost.pieces = 10;
  EXPECT_DOUBLE_EQ(SecondsOf(cost, RoundGpu(), ComputeConfig::FP32), 2e-3);
  EXPECT_DOUBLE_EQ(SecondsOf(cost, RoundGpu(), ComputeConfig::TF32), 1e-3);  // 0.25 ms of products
  cost.pieces = 5;  // half of the multiprocessors have none
  EXPECT_DOUBLE_EQ(SecondsOf(cost, RoundGpu(), ComputeConfig::FP32), 4e-3);
  cost.passes = 100'000;
  EXPECT_DOUBLE_EQ(SecondsOf(cost, RoundGpu(), ComputeConfig::FP32),
                   100'000 * assumed::kPassSeconds);
}

TEST(DeviceTime, CopiesTakeTheBusAndAreNoKernels) {
  Cost cost;
  cost.copies = 1;
  cost.bytes_to_device = 800'000;
  const double copy = 1e-3 + assumed::kCopySeconds;
  EXPECT_DOUBLE_EQ(SecondsOf(cost, RoundGpu(), ComputeConfig::FP32), copy);
  EXPECT_DOUBLE_EQ(BusSeconds(800'000, 1, RoundGpu()), copy);
  Cost kernel;
  kernel.launches = 1;
  const StepCost step = {{"Upload", Phase::kUpload, cost}, {"Fill", Phase::kForward, kernel}};
  EXPECT_DOUBLE_EQ(KernelSeconds(step, RoundGpu(), ComputeConfig::FP32), 5e-6);
}

// A precision that a GPU lacks is computed by what it has.
TEST(DeviceTime, ProductsFallBackToVectorUnits) {
  EXPECT_DOUBLE_EQ(ProductPeakOf(RoundGpu(), ComputeConfig::FP32), 1e12);
  EXPECT_DOUBLE_EQ(ProductPeakOf(RoundGpu(), ComputeConfig::TF32), 8e12);
  EXPECT_DOUBLE_EQ(ProductPeakOf(RoundGpu(), ComputeConfig::BF16), 1e12);
}

}  // namespace
}  // namespace chorus::gpu
