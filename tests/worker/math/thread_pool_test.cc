#include "worker/math/thread_pool.h"

#include <gtest/gtest.h>
#include <omp.h>
#include <pthread.h>

#include <atomic>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/strings.h"

namespace chorus::worker {
namespace {

TEST(ThreadPoolTest, RunsEveryIndexOnceInEveryRound) {
  const auto pool = ThreadPool::Create(3).value();
  ASSERT_EQ(pool->threads(), 3u);
  std::vector<std::atomic<int>> runs(200);
  for (int round = 0; round < 50; ++round) {
    ASSERT_TRUE(pool->ParallelFor(200,
                                  [&](uint32_t index, uint32_t thread) {
                                    EXPECT_LT(thread, 3u);
                                    runs[index]++;
                                    return Status::Ok();
                                  })
                    .ok());
  }
  for (const auto& count : runs) EXPECT_EQ(count.load(), 50);
}

TEST(ThreadPoolTest, OneThreadRunsInline) {
  const auto pool = ThreadPool::Create(1).value();
  const auto caller = std::this_thread::get_id();
  EXPECT_TRUE(pool->ParallelFor(5,
                                [&](uint32_t, uint32_t thread) {
                                  EXPECT_EQ(std::this_thread::get_id(), caller);
                                  EXPECT_EQ(thread, 0u);
                                  return Status::Ok();
                                })
                  .ok());
  EXPECT_TRUE(pool->ParallelFor(0, [](uint32_t, uint32_t) { return Status::Ok(); }).ok());
}

TEST(ThreadPoolTest, ReturnsTheFailureOfTheLowestIndexAndRunsTheRest) {
  const auto pool = ThreadPool::Create(3).value();
  std::atomic<int> runs = 0;
  const Status status = pool->ParallelFor(40, [&](uint32_t index, uint32_t) -> Status {
    runs++;
    if (index == 9) throw std::runtime_error("nine");
    return index >= 9 ? DataLoss(StrCat(index)) : Status::Ok();
  });
  EXPECT_EQ(runs.load(), 40);
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_NE(status.message().find("nine"), std::string::npos);
}

TEST(ThreadPoolTest, EveryThreadFlushesDenormalsAndKeepsOpenMpToOneThread) {
  const auto pool = ThreadPool::Create(3).value();
  volatile float tiny = std::numeric_limits<float>::min();
  ASSERT_TRUE(pool->ParallelFor(30,
                                [&](uint32_t, uint32_t thread) {
                                  EXPECT_EQ(tiny * 0.5f, 0.0f);
                                  EXPECT_EQ(omp_get_max_threads(), 1);
                                  char name[16] = "";
                                  pthread_getname_np(pthread_self(), name, sizeof(name));
                                  const std::string expected =
                                      thread == 0 ? name : StrCat("compute ", thread);
                                  EXPECT_EQ(name, expected);
                                  return Status::Ok();
                                })
                  .ok());
}

}  // namespace
}  // namespace chorus::worker
