#include "worker/steps/sparse_lookup.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/worker/log/log_testing.h"

namespace chorus::worker::testing {
namespace {

// Context slots user, history; exposure slots item, tags, cross. "tags" is ignored, "user" and
// "cross" are read with both tables.
const SlotReads kReads = {{{0, 0}, {1, 1}, {0, 1}}, {{0, 1}, {2, 0}, {2, 1}}};

std::vector<Batch> Grains(uint64_t seed) {
  std::vector<Batch> grains;
  for (uint32_t g = 0; g < 4; ++g) {
    grains.push_back(MakeBatch(FullSchema(), g == 2 ? 1 : 30, 4, 100 * g, seed));
  }
  return grains;
}

// Calls visit(table, keys, positions) for every read.
template <typename Visit>
void EachRead(const std::vector<Batch>& grains, const std::vector<GrainPositions>& positions,
              const Visit& visit) {
  for (size_t g = 0; g < grains.size(); ++g) {
    const auto side = [&](const std::vector<SlotRead>& reads, const FeatureColumns& columns,
                          const std::vector<std::vector<uint32_t>>& at) {
      ASSERT_EQ(at.size(), reads.size());
      for (size_t r = 0; r < reads.size(); ++r) {
        visit(reads[r].table, columns.slots[reads[r].column].keys, at[r]);
      }
    };
    side(kReads.context, grains[g].contexts, positions[g].context);
    side(kReads.exposure, grains[g].exposures, positions[g].exposure);
  }
}

void ExpectRight(const std::vector<Batch>& grains, const std::vector<TableKeys>& keys,
                 const std::vector<GrainPositions>& positions, uint32_t shards) {
  std::set<Key> expected[2];
  ASSERT_EQ(positions.size(), grains.size());
  EachRead(grains, positions,
           [&](uint32_t table, const std::vector<Key>& column, const std::vector<uint32_t>& at) {
             ASSERT_EQ(at.size(), column.size());
             for (size_t i = 0; i < at.size(); ++i) {
               expected[table].insert(column[i]);
               ASSERT_LT(at[i], keys[table].keys.size());
               EXPECT_EQ(keys[table].keys[at[i]], column[i]);
             }
           });
  ASSERT_EQ(keys.size(), 2u);
  for (int table = 0; table < 2; ++table) {
    const TableKeys& mine = keys[static_cast<size_t>(table)];
    EXPECT_EQ(std::set<Key>(mine.keys.begin(), mine.keys.end()), expected[table]);
    EXPECT_EQ(mine.keys.size(), expected[table].size()) << "a key stands twice";
    ASSERT_EQ(mine.shard_counts.size(), shards);
    size_t at = 0;
    for (uint32_t shard = 0; shard < shards; ++shard) {
      for (uint32_t i = 0; i < mine.shard_counts[shard]; ++i) {
        EXPECT_EQ(ShardOf(mine.keys[at++], shards), shard);
      }
    }
    EXPECT_EQ(at, mine.keys.size());
  }
}

TEST(SparseLookupTest, EveryKeyStandsOnceInItsShardAndIsFoundAtItsPosition) {
  for (const uint32_t shards : {1u, 7u, 64u}) {
    SparseLookup lookup(kReads, 2, shards);
    std::vector<TableKeys> keys;
    std::vector<GrainPositions> positions;
    const std::vector<Batch> grains = Grains(1);
    lookup.Resolve(grains, &keys, &positions);
    ExpectRight(grains, keys, positions, shards);
  }
}

TEST(SparseLookupTest, AnEarlierStepLeavesNoTrace) {
  SparseLookup used(kReads, 2, 7), fresh(kReads, 2, 7);
  std::vector<TableKeys> keys, fresh_keys;
  std::vector<GrainPositions> positions, fresh_positions;
  used.Resolve(Grains(1), &keys, &positions);
  const std::vector<Batch> grains = Grains(2);
  used.Resolve(grains, &keys, &positions);
  fresh.Resolve(grains, &fresh_keys, &fresh_positions);
  ExpectRight(grains, keys, positions, 7);
  for (size_t t = 0; t < 2; ++t) EXPECT_EQ(keys[t].keys, fresh_keys[t].keys);
  used.Resolve({}, &keys, &positions);
  EXPECT_TRUE(keys[0].keys.empty() && keys[1].keys.empty() && positions.empty());
}

TEST(SparseLookupTest, HoldsMoreKeysThanItBeganWith) {
  std::vector<Batch> grains = Grains(3);
  SlotColumn& items = grains[1].exposures.slots[0];
  items.keys = {0, ~Key{0}};  // values that a table might hold as "empty"
  for (uint64_t id = 0; id < 20000; ++id) items.keys.push_back(MakeKey(5, id % 15000));
  items.offsets.assign(grains[1].rows() + 1, static_cast<uint32_t>(items.keys.size()));
  SparseLookup lookup(kReads, 2, 16);
  std::vector<TableKeys> keys;
  std::vector<GrainPositions> positions;
  lookup.Resolve(grains, &keys, &positions);
  EXPECT_GT(keys[1].keys.size(), 15000u);
  ExpectRight(grains, keys, positions, 16);
}

}  // namespace
}  // namespace chorus::worker::testing
