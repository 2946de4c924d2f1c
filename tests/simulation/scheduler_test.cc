// The simulation's own clock, threads and disks: what they promise to those who look for faults with
// them.

#include "tests/simulation/scheduler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/simulation/files.h"
#include "tests/simulation/world.h"

namespace chorus::simulation {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

TEST(SchedulerTest, AWaitTakesNoRealTime) {
  const auto really = Clock::now();
  {
    Scheduler scheduler(1);
    const auto begin = Clock::now();
    std::this_thread::sleep_for(std::chrono::hours(1));
    EXPECT_NEAR(Seconds(Clock::now() - begin), 3600, 0.001);
    std::future<int> answer = std::async(std::launch::async, [] {
      std::this_thread::sleep_for(std::chrono::seconds(100));
      return 7;
    });
    EXPECT_EQ(answer.wait_for(std::chrono::seconds(10)), std::future_status::timeout);
    EXPECT_EQ(answer.get(), 7);
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock<std::mutex> lock(mutex);
    EXPECT_EQ(never.wait_for(lock, std::chrono::seconds(5)), std::cv_status::timeout);
    EXPECT_NEAR(Seconds(Clock::now() - begin), 3705, 0.001);
  }
  EXPECT_LT(Seconds(Clock::now() - really), 60);
}

// Letters of four threads in the order in which they got the lock.
std::string OrderOf(uint64_t seed) {
  Scheduler scheduler(seed);
  scheduler.set_switching(0.3);
  scheduler.set_spurious(0.1);
  std::mutex mutex;
  std::string order;
  std::vector<std::thread> threads;
  for (char name = 'a'; name < 'e'; ++name) {
    threads.emplace_back([&, name] {
      for (int i = 0; i < 20; ++i) {
        const std::lock_guard<std::mutex> lock(mutex);
        order += name;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return order;
}

TEST(SchedulerTest, ThreadsTakeTurnsByTheSeed) {
  EXPECT_EQ(OrderOf(1).size(), 80u);
  EXPECT_EQ(OrderOf(1), OrderOf(1));
  EXPECT_NE(OrderOf(1), OrderOf(2));
}

TEST(SchedulerTest, AStalledRankStandsStillForItsTime) {
  Scheduler scheduler(1);
  double waited = 0;
  std::thread thread([&] {
    scheduler.SetRank(3);
    const auto begin = Clock::now();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    waited = Seconds(Clock::now() - begin);
  });
  scheduler.Wait(nullptr, scheduler.now() + kSecond / 2);
  scheduler.Stall(3, scheduler.now() + 10 * kSecond);
  thread.join();
  EXPECT_NEAR(waited, 10.5, 0.001);
}

// Threads that stand still for ever end with their process.
TEST(SchedulerDeathTest, AKilledRankDoesNothingAnyMore) {
  EXPECT_EXIT(
      {
        Scheduler scheduler(1);
        bool went_on = false;
        std::thread([&] {
          scheduler.SetRank(3);
          std::this_thread::sleep_for(std::chrono::seconds(1));
          went_on = true;
        }).detach();
        scheduler.Wait(nullptr, scheduler.now() + kSecond / 2);
        scheduler.Kill(3);
        scheduler.Wait(nullptr, scheduler.now() + 100 * kSecond);
        _exit(went_on ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(SchedulerDeathTest, AWaitOfAllForEverIsTold) {
  EXPECT_EXIT(
      {
        Scheduler scheduler(1);
        scheduler.set_on_deadlock([](const std::string&) { _exit(7); });
        std::mutex mutex;
        std::condition_variable never;
        std::unique_lock<std::mutex> lock(mutex);
        never.wait(lock);
      },
      testing::ExitedWithCode(7), "");
}

class SimulatedFilesTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& bytes, bool sync) {
    const auto file = files_.Create(path).value();
    ASSERT_TRUE(file->Append(std::as_bytes(std::span(bytes))).ok());
    const Status synced = sync ? file->Sync() : Status::Ok();
    EXPECT_TRUE(synced.ok());
  }
  std::string Read(const std::string& path) { return ReadWholeFile(files_, path).value(); }

  Scheduler scheduler_{1};
  World world_{1, &scheduler_};
  SimulatedFiles files_{&world_, [] {}};
};

TEST_F(SimulatedFilesTest, WhatWasSyncedAndRenamedSurvivesEverything) {
  for (int i = 0; i < 20; ++i) {
    const std::string path = StrCat("file", i);
    ASSERT_TRUE(ReplaceFile(files_, path, "bytes").ok());
    Write(path + ".more", "not synced", false);
    files_.LosePower();
    EXPECT_EQ(Read(path), "bytes");
  }
}

TEST_F(SimulatedFilesTest, WhatWasNotSyncedIsLostInEveryWay) {
  for (int i = 0; i < 100; ++i) {
    Write(StrCat("file", i), "some bytes", i % 2 == 0);
    if (i % 3 == 0) {
      EXPECT_TRUE(files_.Rename(StrCat("file", i), StrCat("renamed", i)).ok());
    }
    if (i % 21 == 0) {
      EXPECT_TRUE(files_.Remove(StrCat("renamed", i)).ok());
    }
    files_.LosePower();
  }
  for (const Fault fault :
       {Fault::kUnsyncedLost, Fault::kUnsyncedGarbage, Fault::kNameLost, Fault::kNameBack}) {
    EXPECT_GT(world_.counts()[static_cast<size_t>(fault)], 0u) << NameOf(fault);
  }
}

TEST_F(SimulatedFilesTest, ALostHostTakesItsOwnUnsyncedBytes) {
  for (int i = 0; i < 20; ++i) {
    scheduler_.SetRank(1);
    Write("one", "some bytes", false);
    scheduler_.SetRank(2);
    Write("two", "some bytes", false);
    scheduler_.SetRank(kNoRank);
    files_.LoseHost(1);
    EXPECT_EQ(Read("two"), "some bytes");
  }
  EXPECT_GT(world_.counts()[static_cast<size_t>(Fault::kUnsyncedLost)], 0u);
}

}  // namespace
}  // namespace chorus::simulation
