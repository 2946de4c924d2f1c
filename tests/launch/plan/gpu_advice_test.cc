// What is said of GPUs that a job does not fit, does not run on, or does not keep busy.

#include "launch/plan/gpu_advice.h"

#include <gmock/gmock.h>

#include "tests/launch/plan/gpu_work_testing.h"

namespace chorus::launch {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TrainConfig ConfigOfGpus() {
  TrainConfig config;
  config.mutable_step()->set_grain_rows(64);
  config.mutable_step()->set_grains_per_step(1);
  config.mutable_compute()->set_precision(ComputeConfig::FP32);
  config.mutable_compute()->set_threads(1);
  return config;
}

std::vector<std::string> AdviceOn(const GpuWork& gpu, uint32_t workers = 1) {
  return GpuAdviceFor(ConfigOfGpus(), HostsOfGpus(workers), gpu, FastHosts());
}

TEST(GpuAdvice, WhatDoesNotFitIsSaidFirstWithItsLargestPart) {
  GpuWork gpu = RoundGpuWork();
  gpu.memory.parts = {{"dense gradients", 300'000'000}, {"activations", 900'000'000}};
  gpu.memory.counted = 1'200'000'000;
  EXPECT_THAT(
      AdviceOn(gpu).front(),
      HasSubstr("does not fit: a worker needs 1.20 GB of a GPU's memory and round has 1.00 GB; "
                "most of it is activations, 900 MB: a smaller step.grain_rows"));
  gpu.memory.counted = 1'000'000'000;
  EXPECT_THAT(AdviceOn(gpu), Not(Contains(HasSubstr("does not fit"))));
  gpu.memory.assumed = 1;
  EXPECT_THAT(AdviceOn(gpu), Contains(HasSubstr("does not fit")));
}

TEST(GpuAdvice, GpusThatTheLibraryIsNotBuiltForAreNamed) {
  GpuWork gpu = RoundGpuWork();
  gpu.gpu.runs = false;
  EXPECT_THAT(AdviceOn(gpu).front(), HasSubstr("round does not run it"));
}

// 3 of 5 ms are starts of kernels; nodes of a graph take 2 us.
TEST(GpuAdvice, StepsOfStartsWantGraphs) {
  GpuWork gpu = RoundGpuWork();
  EXPECT_THAT(AdviceOn(gpu),
              Contains(HasSubstr("compute.cuda.graphs=true: a step takes 39 % less")));
  gpu.gpu.start_us = 1;
  EXPECT_THAT(AdviceOn(gpu), Not(Contains(HasSubstr("graphs"))));
}

TEST(GpuAdvice, ProductsWantShorterInputs) {
  GpuWork gpu = RoundGpuWork();
  gpu.device[1].cost.flops = 15'000'000'000;  // 20 ms
  gpu.device[1].cost.pieces = 1;
  EXPECT_THAT(AdviceOn(gpu), Not(Contains(HasSubstr("TF32"))));  // it has none
  gpu.gpu.tf32_tflops = 8;
  EXPECT_THAT(AdviceOn(gpu), Contains(HasSubstr("compute.precision=TF32 (part of the result)")));
}

// Of a host's two workers each has two nodes of the tree: a ring sends two thirds of the bytes.
TEST(GpuAdvice, SlowSumsMayGiveUpOneOrder) {
  GpuWork gpu = RoundGpuWork();
  gpu.sums = true;
  gpu.sum = {1'000'000, 2, 2, 1, true};
  EXPECT_THAT(AdviceOn(gpu, 2), Contains(HasSubstr("compute.cuda.reproducible=false")));
}

}  // namespace
}  // namespace chorus::launch
