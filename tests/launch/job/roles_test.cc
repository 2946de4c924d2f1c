#include "launch/job/roles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

ClusterConfig Cluster(ClusterConfig::Placement placement, uint32_t servers) {
  ClusterConfig cluster;
  cluster.set_placement(placement);
  cluster.set_servers(servers);
  return cluster;
}

TEST(Roles, DedicatedServersAreTheFirstRanksAndTheOthersWork) {
  std::vector<std::string> names;
  for (uint32_t rank = 0; rank < 4; ++rank) {
    const auto roles = RolesOf(Cluster(ClusterConfig::DEDICATED, 2), rank, 4);
    ASSERT_TRUE(roles.ok());
    EXPECT_EQ(roles->servers, 2u);
    EXPECT_EQ(roles->workers, 2u);
    names.push_back(roles->Name());
  }
  EXPECT_THAT(names, testing::ElementsAre("server 0", "server 1", "worker 0", "worker 1"));
}

TEST(Roles, ColocatedEveryRankServesAndWorks) {
  const auto roles = RolesOf(Cluster(ClusterConfig::COLOCATED, 7), 2, 3);
  ASSERT_TRUE(roles.ok());
  EXPECT_EQ(roles->Name(), "server 2 and worker 2");
  EXPECT_EQ(roles->servers, 3u);
  EXPECT_EQ(roles->workers, 3u);
}

TEST(Roles, WithoutAWorkerAreRefusedWithWhatToStart) {
  for (const uint32_t ranks : {1u, 2u}) {
    const Status status = RolesOf(Cluster(ClusterConfig::DEDICATED, 2), 0, ranks).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_THAT(status.message(), testing::HasSubstr("cluster.servers: 2 of "));
    EXPECT_THAT(status.message(), testing::HasSubstr("mpirun -n 3 or more"));
  }
}

}  // namespace
}  // namespace chorus::launch
