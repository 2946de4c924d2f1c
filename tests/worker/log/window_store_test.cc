#include "worker/log/window_store.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <thread>

#include "common/strings.h"
#include "tests/worker/log/log_testing.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

// Counts how often each block is decoded; one of them can be unreadable.
class CountingLog final : public LogReader {
 public:
  explicit CountingLog(const LogReader& log) : log_(log), decoded_(log.blocks().size()) {}
  const LogSchema& schema() const override { return log_.schema(); }
  const std::vector<std::string>& files() const override { return log_.files(); }
  const std::vector<BlockInfo>& blocks() const override { return log_.blocks(); }
  uint64_t fingerprint() const override { return log_.fingerprint(); }
  const std::vector<std::string>& ignored_columns() const override {
    return log_.ignored_columns();
  }
  Status ReadBlock(uint32_t index, Batch* out) const override {
    ++decoded_[index];
    if (index == bad_) return DataLoss(StrCat("block ", index));
    return log_.ReadBlock(index, out);
  }

  void Damage(uint32_t index) { bad_ = index; }
  std::vector<int> decoded() const { return {decoded_.begin(), decoded_.end()}; }

 private:
  const LogReader& log_;
  mutable std::vector<std::atomic<int>> decoded_;
  uint32_t bad_ = UINT32_MAX;
};

class WindowStoreTest : public ::testing::Test {
 protected:
  WindowStoreTest() {
    std::vector<Batch> blocks;
    for (uint32_t b = 0; b < 12; ++b) blocks.push_back(MakeBatch(FullSchema(), 25, 5, 100 * b));
    WriteLog(*files_, "log", FullSchema(), blocks);
    log_ = LogReader::Open(*files_, {"log"}).value();
    counting_ = std::make_unique<CountingLog>(*log_);
    options_.grain_rows = 8;
    options_.grains_per_step = 2;
    options_.window_blocks = 3;
    options_.context_chunk = 16;
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  std::unique_ptr<LogReader> log_;
  std::unique_ptr<CountingLog> counting_;
  ReadingOptions options_;
};

TEST_F(WindowStoreTest, ThreadsThatWantOneWindowDecodeItOnceBetweenThem) {
  constexpr int kThreads = 4;
  const auto store = std::make_shared<WindowStore>(*counting_, options_);
  std::array<std::shared_ptr<const Window>, kThreads> windows;
  std::barrier together(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      together.arrive_and_wait();
      windows[i] = store->Get({0, 1, 0}, std::array<uint32_t, 3>{7, 2, 4}).value();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& window : windows) EXPECT_EQ(window, windows[0]);
  EXPECT_EQ(counting_->decoded(), (std::vector<int>{0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0}));
}

TEST_F(WindowStoreTest, ReadersThatTakeTurnsDecodeEveryBlockOnceAnEpoch) {
  options_.epochs = 2;
  for (const auto order : {DataConfig::SHUFFLED, DataConfig::SEQUENTIAL}) {
    options_.order = order;
    CountingLog log(*log_);
    const auto plan = ReadingPlan::Make(log, options_).value();
    const auto alone = ReadingPlan::Make(*log_, options_).value()->NewReader({0, 2});
    const auto readers = plan->NewReaders({0, 2}, 3);
    for (uint64_t step = 1; step <= plan->total_steps(); ++step) {
      for (uint32_t grain = 0; grain < 2; ++grain) {
        Batch expected, batch;
        ASSERT_TRUE(alone->Read(step, grain, &expected).ok());
        ASSERT_TRUE(readers[step % 3]->Read(step, grain, &batch).ok());
        EXPECT_TRUE(SameBatch(batch, expected)) << "step " << step << " grain " << grain;
      }
    }
    EXPECT_EQ(log.decoded(), std::vector<int>(12, 2));
  }
}

TEST_F(WindowStoreTest, EveryoneWhoWaitsGetsTheErrorOfTheFirstBadBlock) {
  constexpr int kThreads = 3;
  counting_->Damage(2);
  const auto store = std::make_shared<WindowStore>(*counting_, options_);
  std::barrier together(kThreads);
  std::array<Status, kThreads> results;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      together.arrive_and_wait();
      results[i] = store->Get({0, 0, 0}, std::array<uint32_t, 3>{7, 2, 4}).status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Status& result : results) {
    EXPECT_EQ(result.code(), Code::kDataLoss);
    EXPECT_EQ(result.message(), "block 2");
  }
}

}  // namespace
}  // namespace chorus::worker::testing
