// The formula against what tables charge to a server's budget.

#include "launch/plan/server_memory.h"

#include <gtest/gtest.h>

#include <vector>

#include "ps/table.h"

namespace chorus::launch {
namespace {

TableSpec SpecOf(uint32_t dim) {
  TrainConfig config;
  TableConfig* const table = config.add_table();
  table->set_name("t");
  table->set_dim(dim);
  table->mutable_optimizer()->mutable_adagrad();
  table->mutable_initializer()->mutable_constant();
  return TablesOf(config, {""}).front();
}

TEST(ServerMemory, ShardBytesAreThoseThatATableCharges) {
  for (const uint32_t dim : {1u, 18u, 64u}) {
    const ps::TableType type(1, SpecOf(dim));
    ps::MemoryBudget budget(0);
    constexpr uint32_t kTurn = 3;
    ps::Table table(&type, &budget, kTurn);
    uint64_t rows = 0;
    for (const uint64_t next : {1u, 44u, 45u, 64u, 65u, 1000u, 11264u, 11265u}) {
      for (; rows < next; ++rows) ASSERT_NE(table.FindOrCreate(MakeKey(3, rows)), nullptr);
      EXPECT_EQ(budget.used_bytes(), ShardBytes(rows, type.layout.stride_bytes(), kTurn)) << rows;
    }
  }
  EXPECT_EQ(ShardBytes(0, 96, 0), 0u);
}

TEST(ServerMemory, TheMeanOfShardsIsThatOfHashedKeys) {
  const ps::TableType type(1, SpecOf(8));
  constexpr uint32_t kShards = 64;
  for (const uint64_t keys : {40u, 100u, 3000u, 49000u, 200000u}) {
    ps::MemoryBudget budget(0);
    std::vector<std::unique_ptr<ps::Table>> shards;
    for (uint32_t s = 0; s < kShards; ++s) {
      shards.push_back(std::make_unique<ps::Table>(&type, &budget, s));
    }
    for (uint64_t id = 0; id < keys; ++id) {
      const Key key = MakeKey(11, id);
      ASSERT_NE(shards[ShardOf(key, kShards)]->FindOrCreate(key), nullptr);
    }
    const double expected =
        kShards * MeanShardBytes(static_cast<double>(keys), kShards, type.layout.stride_bytes());
    // Of few keys, chance decides how many shards have any.
    const double tolerance = keys < 1000 ? 0.25 : 0.05;
    EXPECT_NEAR(static_cast<double>(budget.used_bytes()), expected, tolerance * expected) << keys;
  }
}

}  // namespace
}  // namespace chorus::launch
