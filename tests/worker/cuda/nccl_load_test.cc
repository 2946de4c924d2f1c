// NCCL as it is installed: every function that Chorus calls is found in it.

#include <gtest/gtest.h>

#include "worker/cuda/nccl_functions.h"

namespace chorus::worker::cuda {
namespace {

TEST(NcclLoad, FindsEveryFunctionInTheInstalledLibrary) {
  const Result<const NcclFunctions*> nccl = LoadNccl();
  ASSERT_TRUE(nccl.ok()) << nccl.status().ToString();
  int version = 0;
  EXPECT_EQ((*nccl)->ncclGetVersion(&version), ncclSuccess);
  EXPECT_GE(version, 21800);
  EXPECT_STREQ((*nccl)->ncclGetErrorString(ncclSuccess), "no error");
}

}  // namespace
}  // namespace chorus::worker::cuda
