#include "common/byte_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <deque>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "common/random.h"

namespace chorus {
namespace {

constexpr size_t kMegabyte = size_t{1} << 20;

TEST(BytePoolTest, ABlockGivenBackServesTheNextArrayOfAboutItsSize) {
  BytePool pool;
  std::shared_ptr<std::byte> block = pool.Take(kMegabyte);
  const std::byte* const place = block.get();
  block = nullptr;
  for (const size_t bytes : {kMegabyte, kMegabyte - 1, kMegabyte / 2}) {
    EXPECT_EQ(pool.Take(bytes).get(), place) << bytes;
  }
  EXPECT_EQ(pool.used(), 0u);
  EXPECT_EQ(pool.kept(), kMegabyte);
}

TEST(BytePoolTest, AStepThatIsALittleLargerThanTheLastOneFindsRoom) {
  BytePool pool;
  pool.Take(kMegabyte + 1);
  const size_t kept = pool.kept();
  EXPECT_LE(kept, kMegabyte + kMegabyte / 8);
  pool.Take(kMegabyte + kMegabyte / 10);
  EXPECT_EQ(pool.kept(), kept);
}

TEST(BytePoolTest, SmallArraysDoNotTakeLargeBlocks) {
  BytePool pool;
  const std::byte* const place = pool.Take(4 * kMegabyte).get();
  EXPECT_NE(pool.Take(kMegabyte).get(), place);
  EXPECT_NE(pool.Take(64).get(), place);
}

TEST(BytePoolTest, OfSeveralBlocksTheSmallestThatIsLargeEnoughServes) {
  BytePool pool;
  std::vector<std::shared_ptr<std::byte>> blocks;
  for (const size_t eighths : {16, 10, 13}) blocks.push_back(pool.Take(eighths * kMegabyte / 8));
  const std::byte* const middle = blocks[2].get();
  blocks.clear();
  EXPECT_EQ(pool.Take(11 * kMegabyte / 8).get(), middle);
}

TEST(BytePoolTest, PiecesBelowTheSmallestBlockAreNotKept) {
  BytePool pool;
  const auto piece = pool.Take(BytePool::kSmallestBlock - 1);
  EXPECT_EQ(pool.used(), 0u);
  pool.Take(1);
  EXPECT_EQ(pool.kept(), 0u);
}

TEST(BytePoolTest, EveryArrayIsAlignedAndWritable) {
  BytePool pool;
  for (const size_t bytes : {size_t{1}, size_t{65}, BytePool::kSmallestBlock + 1, kMegabyte - 7}) {
    const auto block = pool.Take(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block.get()) % BytePool::kAlignment, 0u);
    std::memset(block.get(), 1, bytes);
  }
}

// Sizes at random, a few arrays alive at a time: what the header bounds stays bounded.
TEST(BytePoolTest, UsedAndKeptTogetherNeverPassTheMostThatWasUsedAtOnce) {
  BytePool pool;
  std::deque<std::shared_ptr<std::byte>> alive;
  size_t most_used = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    const uint64_t random = Random(1, RandomPurpose::kTest, i);
    alive.push_back(pool.Take(1 + random % (kMegabyte << random / 7 % 4)));
    most_used = std::max(most_used, pool.used());
    while (alive.size() > 1 + i / 100 % 8) alive.pop_front();
    ASSERT_LE(pool.used() + pool.kept(), most_used) << i;
  }
  alive.clear();
  EXPECT_EQ(pool.used(), 0u);
  EXPECT_LE(pool.kept(), most_used);
}

// Every thread fills what it takes, and gives back what another one took.
TEST(BytePoolTest, NoTwoThreadsHoldTheSameBlock) {
  constexpr size_t kThreads = 4;
  BytePool pool;
  Mutex mutex;
  std::shared_ptr<std::byte> handed_over;
  std::atomic<int> spoiled = 0;
  const auto work = [&](size_t thread) {
    for (uint64_t i = 0; i < 200; ++i) {
      const uint64_t random = Random(thread, RandomPurpose::kTest, i);
      const size_t bytes = BytePool::kSmallestBlock + random % BytePool::kSmallestBlock;
      std::shared_ptr<std::byte> block = pool.Take(bytes);
      std::memset(block.get(), static_cast<int>(thread), bytes);
      std::this_thread::yield();
      for (size_t at = 0; at < bytes; at += 512) {
        if (block.get()[at] != static_cast<std::byte>(thread)) ++spoiled;
      }
      const MutexLock lock(mutex);
      std::swap(handed_over, block);
    }
  };
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) threads.emplace_back(work, thread);
  for (std::thread& thread : threads) thread.join();
  handed_over = nullptr;
  EXPECT_EQ(spoiled, 0);
  EXPECT_EQ(pool.used(), 0u);
}

}  // namespace
}  // namespace chorus
