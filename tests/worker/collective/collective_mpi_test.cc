// Every process of an mpirun job runs all tests in step.
#include <mpi.h>

#include <thread>

#include <gtest/gtest.h>

#include "tests/worker/collective/collective_checks.h"

namespace chorus::worker::testing {
namespace {

std::unique_ptr<Collective> World(double deadline_seconds = 60) {
  static MPI_Comm world = MPI_COMM_WORLD;
  return NewMpiCollective(&world, deadline_seconds);
}

TEST(MpiCollective, TreeSumEqualsThePlainTreeBitForBit) {
  const auto collective = World();
  for (const uint32_t grains : {1u, 2u, 4u, 8u, 16u}) {
    for (const size_t n : {0u, 1u, 7u, 1000u, 100003u}) {
      CheckOwnGrains(*collective, SumCase(grains, n, n / 2, 21));
    }
  }
}

TEST(MpiCollective, TreeSumKeepsItsBitsForRangesThatCutSubtrees) {
  const auto collective = World();
  const SumCase c(16, 30000, 100, 22);
  const uint32_t last = collective->size() - 1;
  const uint32_t rank = collective->rank();
  CheckTreeSum(*collective, c, {rank * 3, rank == last ? 16 : rank * 3 + 3});
}

TEST(MpiCollective, GathersBroadcastsAndMeets) {
  const auto collective = World();
  CheckGather(*collective);
  CheckBroadcast(*collective);
  CheckAllToAll(*collective);
  for (int round = 0; round < 20; ++round) ASSERT_TRUE(collective->Barrier().ok());
}

TEST(MpiCollective, DeadlineNamesTheMissingRank) {
  const auto collective = World(0.3);
  if (collective->size() == 1) return;  // nobody to wait for
  if (collective->rank() == 1) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
  } else {
    const Status status = collective->Barrier();
    EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
    EXPECT_NE(status.message().find("in vain for worker 1 on "), std::string::npos)
        << status.ToString();
  }
}

}  // namespace
}  // namespace chorus::worker::testing

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  testing::InitGoogleTest(&argc, argv);
  int failed = RUN_ALL_TESTS();
  int any_failed = 0;
  MPI_Allreduce(&failed, &any_failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return any_failed;
}
