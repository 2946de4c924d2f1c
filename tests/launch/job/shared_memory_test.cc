#include "launch/job/shared_memory.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

TEST(SharedMemoryTest, TooLittleForTheRanksIsNamedWithNeedAndRemedy) {
  const std::string doubt = SharedMemoryDoubt(uint64_t{63} << 20, 16);
  for (const char* part : {"/dev/shm has 63 MiB free", "the 16 ranks", "may need 64", "--shm-size",
                           "--mca btl ^vader"}) {
    EXPECT_NE(doubt.find(part), std::string::npos) << part << "\n" << doubt;
  }
}

TEST(SharedMemoryTest, EnoughOrARankAloneIsNoMatter) {
  EXPECT_EQ(SharedMemoryDoubt(uint64_t{64} << 20, 16), "");
  EXPECT_EQ(SharedMemoryDoubt(0, 1), "");
}

}  // namespace
}  // namespace chorus::launch
