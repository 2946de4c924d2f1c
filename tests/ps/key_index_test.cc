// When indices grow: by their turns, so that those of one table's shards do not grow together.

#include "ps/key_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "ps/memory_budget.h"

namespace chorus::ps {
namespace {

TEST(KeyIndexTest, IndicesThatFillAtOneRateGrowOneAfterTheOther) {
  constexpr uint32_t kIndices = 64;
  MemoryBudget budget(0);
  std::vector<std::unique_ptr<KeyIndex>> indices;
  for (uint32_t turn = 0; turn < kIndices; ++turn) {
    indices.push_back(std::make_unique<KeyIndex>(turn, &budget));
  }
  constexpr uint64_t kEntries = 16384;
  uint64_t before = 0, grown = 0;
  for (uint64_t size = 1; size <= kEntries; ++size) {
    uint64_t bytes = 0;
    for (uint32_t turn = 0; turn < kIndices; ++turn) {
      ASSERT_TRUE(indices[turn]->PrepareInsert());
      const auto row = static_cast<uint32_t>(size);
      indices[turn]->Insert(row * 0x9E3779B1u, row);  // hashes of all places, as keys have them
      bytes += KeyIndex::BytesOf(size, turn);
    }
    ASSERT_EQ(budget.used_bytes(), bytes) << size;
    if (size > 1024 && bytes > before) {
      // An index that doubles at this size adds at least as many entries as it has.
      EXPECT_LE(bytes - before, 2 * size * 8) << size;
      ++grown;
    }
    before = bytes;
  }
  EXPECT_EQ(grown, kIndices * 4);  // at 2048 to 16384 entries, each alone
}

TEST(KeyIndexTest, AnyRunOfTurnsIsSpreadOverTheTime) {
  constexpr uint64_t kCapacity = 1 << 20;
  for (const uint32_t first : {0u, 16u, 40u, 1000u}) {
    std::vector<uint64_t> limits;
    for (uint32_t i = 0; i < 8; ++i) limits.push_back(KeyIndex::LimitOf(kCapacity, first + i));
    std::sort(limits.begin(), limits.end());
    EXPECT_GE(limits.front(), kCapacity / 2);
    EXPECT_LE(limits.back(), kCapacity * 3 / 4);
    for (size_t i = 1; i < limits.size(); ++i) EXPECT_GE(limits[i] - limits[i - 1], kCapacity / 32);
  }
}

TEST(KeyIndexTest, NoMemoryIsToldAndChargesNothing) {
  MemoryBudget budget(64 * 8);
  KeyIndex index(0, &budget);
  for (uint32_t i = 0; i < 32; ++i) {
    ASSERT_TRUE(index.PrepareInsert()) << i;
    index.Insert(i << 20, i);
  }
  EXPECT_FALSE(index.PrepareInsert());
  EXPECT_EQ(budget.used_bytes(), 64u * 8);
  index.Clear();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

}  // namespace
}  // namespace chorus::ps
