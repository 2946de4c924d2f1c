// Every process of an mpirun job compares its clock with that of the first rank. They are on one
// machine, whose clock they share: so the difference that is found is an error, and its bound holds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "common/strings.h"
#include "launch/job/clock_offsets.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"

namespace chorus::launch {
namespace {

MpiWorld* clock_world = nullptr;

std::vector<ClockOffset> Measured(const std::vector<Place>& places) {
  auto offsets = MeasureClocks(clock_world->all(), places);
  EXPECT_TRUE(offsets.ok()) << offsets.status().ToString();
  return offsets.ok() ? *offsets : std::vector<ClockOffset>();
}

TEST(ClocksOfRanks, DifferByNoMoreThanTheBoundThatIsTold) {
  std::vector<Place> places;  // what keeps ranks from being taken for one machine's
  for (uint32_t rank = 0; rank < clock_world->all().size(); ++rank) {
    places.push_back({StrCat("node", rank), StrCat("network", rank)});
  }
  const std::vector<ClockOffset> offsets = Measured(places);
  ASSERT_EQ(offsets.size(), clock_world->all().size());
  EXPECT_EQ(offsets[0].ns, 0);
  for (const ClockOffset& offset : offsets) EXPECT_LE(std::abs(offset.ns), offset.error_ns);
}

TEST(ClocksOfRanks, OfOneMachineAreOne) {
  const std::vector<Place> places(clock_world->all().size(), {"node", "network"});
  for (const ClockOffset& offset : Measured(places)) {
    EXPECT_EQ(offset.ns, 0);
    EXPECT_EQ(offset.error_ns, 0);
  }
}

TEST(ClocksOfRanks, AreTheSameForAll) {
  std::vector<Place> places;
  for (uint32_t rank = 0; rank < clock_world->all().size(); ++rank) {
    places.push_back({StrCat("node", rank), "network"});
  }
  std::string own;
  for (const ClockOffset& offset : Measured(places)) own += StrCat(offset.ns, " ");
  const auto all = clock_world->all().AllGather(own);
  ASSERT_TRUE(all.ok());
  for (const std::string& other : *all) EXPECT_EQ(other, own);
}

}  // namespace
}  // namespace chorus::launch

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  auto created = chorus::launch::MpiWorld::Create(60);
  if (!created.ok()) return 1;
  chorus::launch::clock_world = created->get();
  return RUN_ALL_TESTS();
}
