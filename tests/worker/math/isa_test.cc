#include <gtest/gtest.h>

#include <vector>

#include "worker/math/backend.h"

namespace chorus::worker {
namespace {

TEST(IsaTest, ACapHoldsForTheWholeProcess) {
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "this CPU lacks AVX2";
  const Result<std::unique_ptr<Backend>> capped = NewCpuBackend(ComputeConfig::AVX2);
  ASSERT_TRUE(capped.ok()) << capped.status().ToString();
  const std::vector<float> a(40 * 30, 0.5f), b(30 * 20, 2.0f);
  std::vector<float> c(40 * 20);
  ASSERT_TRUE((*capped)->Gemm({}, {a.data(), 40, 30}, {b.data(), 30, 20}, {c.data(), 40, 20}).ok());
  for (float value : c) EXPECT_EQ(value, 30.0f);

  EXPECT_TRUE(NewCpuBackend(ComputeConfig::AVX2).ok());
  const Status refused = NewCpuBackend(ComputeConfig::NATIVE).status();
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);

  const Status rounded = NewCpuBackend(ComputeConfig::AVX2, ComputeConfig::BF16).status();
  EXPECT_EQ(rounded.code(), Code::kFailedPrecondition);
  EXPECT_NE(rounded.message().find("compute.precision=FP32"), std::string::npos)
      << rounded.ToString();
}

TEST(IsaTest, PrecisionsThatOnlyGpusHaveAreRefused) {
  const Status refused = NewCpuBackend(ComputeConfig::AVX2, ComputeConfig::TF32).status();
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_NE(refused.message().find("compute.precision=FP32"), std::string::npos)
      << refused.ToString();
}

TEST(IsaTest, AnInstructionSetThatTheCpuLacksIsRefused) {
  if (__builtin_cpu_supports("avx512f")) GTEST_SKIP() << "this CPU has AVX-512";
  EXPECT_EQ(NewCpuBackend(ComputeConfig::AVX512).status().message(),
            "compute.isa: this CPU lacks AVX512");
}

}  // namespace
}  // namespace chorus::worker
