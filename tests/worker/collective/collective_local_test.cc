#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "tests/worker/collective/collective_checks.h"

namespace chorus::worker::testing {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

TEST(LocalCollective, GathersEveryRanksBytesInOrder) {
  for (uint32_t ranks = 1; ranks <= 5; ++ranks) {
    auto collectives = NewLocalCollectives(ranks, 30);
    std::vector<std::jthread> threads;
    for (auto& collective : collectives) threads.emplace_back([&] { CheckGather(*collective); });
  }
}

TEST(LocalCollective, BroadcastsTheRootsBytes) {
  for (uint32_t ranks = 1; ranks <= 5; ++ranks) {
    auto collectives = NewLocalCollectives(ranks, 30);
    std::vector<std::jthread> threads;
    for (auto& collective : collectives) threads.emplace_back([&] { CheckBroadcast(*collective); });
  }
}

TEST(LocalCollective, GivesEveryRankWhatEveryOtherHasForIt) {
  for (uint32_t ranks = 1; ranks <= 5; ++ranks) {
    auto collectives = NewLocalCollectives(ranks, 30);
    std::vector<std::jthread> threads;
    for (auto& collective : collectives) threads.emplace_back([&] { CheckAllToAll(*collective); });
  }
}

TEST(LocalCollective, DeadlineOfAnAllToAllNamesTheMissingRanks) {
  auto collectives = NewLocalCollectives(4, 0.2);
  const auto wait = [](Collective& collective) {
    const Status status = collective.AllToAll({"a", "b", "c", "d"}).status();
    EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
    EXPECT_NE(status.message().find("in vain for workers 1, 2"), std::string::npos)
        << status.ToString();
  };
  std::jthread zero([&] { wait(*collectives[0]); });
  std::jthread three([&] { wait(*collectives[3]); });
}

TEST(LocalCollective, NobodyLeavesABarrierBeforeEverybodyEntered) {
  auto collectives = NewLocalCollectives(4, 30);
  std::atomic<int> entered = 0;
  std::vector<std::jthread> threads;
  for (auto& collective : collectives) {
    threads.emplace_back([&] {
      for (int round = 1; round <= 50; ++round) {
        ++entered;
        ASSERT_TRUE(collective->Barrier().ok());
        EXPECT_GE(entered.load(), round * 4);
        ASSERT_TRUE(collective->Barrier().ok());
      }
    });
  }
}

TEST(LocalCollective, OfOneRankNeverWaits) {
  const auto single = NewSingleCollective();
  EXPECT_EQ(single->size(), 1u);
  EXPECT_TRUE(single->Barrier().ok());
  CheckGather(*single);
  CheckBroadcast(*single);
}

TEST(LocalCollective, DeadlineNamesTheMissingRank) {
  auto collectives = NewLocalCollectives(3, 0.2);
  const auto wait = [](Collective& collective) {
    const auto start = Clock::now();
    const Status status = collective.Barrier();
    EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
    EXPECT_NE(status.message().find("in vain for worker 1"), std::string::npos)
        << status.ToString();
    EXPECT_EQ(status.message().find("ranks"), std::string::npos) << status.ToString();
    EXPECT_GE(SecondsSince(start), 0.19);
  };
  std::jthread zero([&] { wait(*collectives[0]); });
  std::jthread two([&] { wait(*collectives[2]); });
}

TEST(LocalCollective, DeadlineOfATreeSumNamesAllMissingRanks) {
  auto collectives = NewLocalCollectives(4, 0.2);
  std::vector<float> floats(10000);
  ASSERT_TRUE(collectives[3]->BeginTreeSum({}, 8, floats, {}).ok());
  const Status status = collectives[3]->FinishTreeSum();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_NE(status.message().find("workers 0, 1, 2"), std::string::npos) << status.ToString();
}

TEST(LocalCollective, IsBrokenAfterItsFirstErrorAndKeepsReturningIt) {
  auto collectives = NewLocalCollectives(2, 0.05);
  const Status first = collectives[0]->Barrier();
  const auto start = Clock::now();
  EXPECT_EQ(collectives[0]->Broadcast("x", 0).status().message(), first.message());
  EXPECT_LT(SecondsSince(start), 0.05);
}

TEST(LocalCollective, AbortOfOneRankEndsTheOthersWaitsWithItsReason) {
  auto collectives = NewLocalCollectives(3, 60);
  const auto start = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (const uint32_t rank : {0u, 2u}) {
      threads.emplace_back([&, rank] {
        const Status status = collectives[rank]->Barrier();
        EXPECT_EQ(status.code(), Code::kAborted);
        EXPECT_NE(status.message().find("rank 1 lost its disk"), std::string::npos);
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    collectives[1]->Abort("rank 1 lost its disk");
  }
  EXPECT_LT(SecondsSince(start), 10);
  EXPECT_EQ(collectives[1]->Barrier().code(), Code::kAborted);
}

// The memory of a failed sum may go at once: nobody may read it afterwards (ASan and TSan watch).
TEST(LocalCollective, ARankThatGivesUpTakesItsMessagesBack) {
  auto collectives = NewLocalCollectives(2, 0.05);
  {
    const SumCase c(2, 50000, 10, 5);
    const WorkerTerms terms(c.floats, c.doubles, {0, 1}, c.n, c.m);
    std::vector<float> floats(c.n);
    std::vector<double> doubles(c.m);
    ASSERT_TRUE(collectives[0]->BeginTreeSum(terms.get(), 2, floats, doubles).ok());
    EXPECT_EQ(collectives[0]->FinishTreeSum().code(), Code::kDeadlineExceeded);
  }
  EXPECT_EQ(collectives[1]->Barrier().code(), Code::kDeadlineExceeded);
}

// As above, for a rank that fails before it comes to the end of its sum.
TEST(LocalCollective, ASumThatIsGivenUpIsReadByNobody) {
  auto collectives = NewLocalCollectives(2, 0.05);
  collectives[0]->GiveUpTreeSum();
  {
    const SumCase c(2, 50000, 10, 5);
    const WorkerTerms terms(c.floats, c.doubles, {0, 1}, c.n, c.m);
    std::vector<float> floats(c.n);
    std::vector<double> doubles(c.m);
    ASSERT_TRUE(collectives[0]->BeginTreeSum(terms.get(), 2, floats, doubles).ok());
    collectives[0]->GiveUpTreeSum();
  }
  EXPECT_EQ(collectives[0]->Barrier().code(), Code::kAborted) << "from then on";
  const SumCase c(2, 50000, 10, 5);
  const WorkerTerms terms(c.floats, c.doubles, {1, 2}, c.n, c.m);
  std::vector<float> floats(c.n);
  std::vector<double> doubles(c.m);
  ASSERT_TRUE(collectives[1]->BeginTreeSum(terms.get(), 2, floats, doubles).ok());
  EXPECT_EQ(collectives[1]->FinishTreeSum().code(), Code::kDeadlineExceeded);
}

}  // namespace
}  // namespace chorus::worker::testing
