#include "worker/log/stretch_plan.h"

#include <gtest/gtest.h>

#include "tests/worker/log/log_testing.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

constexpr uint32_t kGrainRows = 7;
constexpr uint32_t kPlanGrains = 4;

TEST(StretchPlanTest, StretchesFollowOneAnotherAndAreOfOneLengthToAGrain) {
  for (const uint64_t grains : {0u, 1u, 3u, 100u}) {
    for (const uint32_t workers : {1u, 2u, 3u, 7u}) {
      uint64_t next = 0;
      for (uint32_t worker = 0; worker < workers; ++worker) {
        const Stretch stretch = StretchOfWorker(worker, workers, grains);
        EXPECT_EQ(stretch.begin, next);
        EXPECT_LE(stretch.end - stretch.begin, grains / workers + 1);
        EXPECT_GE(stretch.end - stretch.begin, grains / workers);
        next = stretch.end;
      }
      EXPECT_EQ(next, grains);
    }
  }
}

TEST(StretchPlanTest, GrainsAreThoseOfTheWholeLogsPlan) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(files->CreateDirectories("log").ok());
  std::vector<Batch> blocks;
  for (uint64_t block = 0; block < 8; ++block) {
    blocks.push_back(MakeBatch(FullSchema(), 10 + static_cast<uint32_t>(block), 3, block * 40));
  }
  WriteLog(*files, "log/part-00000.log", FullSchema(), blocks);
  const auto log = LogReader::Open(*files, {"log"});
  ASSERT_TRUE(log.ok());
  ReadingOptions options;
  options.order = DataConfig::SEQUENTIAL;
  options.unclicked_conversion = KEEP_UNCLICKED;
  options.grain_rows = kGrainRows;
  options.grains_per_step = kPlanGrains;
  const auto plan = ReadingPlan::Make(**log, options);
  ASSERT_TRUE(plan.ok());
  const uint64_t grains = ((*plan)->counts().kept_rows + kGrainRows - 1) / kGrainRows;
  const auto whole = (*plan)->NewReader({0, kPlanGrains});
  const LogSchema schema = (*log)->schema();
  for (const uint32_t workers : {1u, 2u, 3u, 5u}) {
    uint64_t number = 0;
    for (uint32_t worker = 0; worker < workers; ++worker) {
      const StretchOptions stretch{.plan_grains = kPlanGrains,
                                   .stretch = StretchOfWorker(worker, workers, grains),
                                   .grains_per_step = 1 + worker % 3};
      const auto part = NewStretchPlan(&schema, plan->get(), stretch);
      const auto reader = part->NewReader({0, stretch.grains_per_step});
      for (uint64_t step = 1; step <= part->total_steps(); ++step) {
        for (uint32_t grain = 0; grain < stretch.grains_per_step; ++grain) {
          Batch got, expected;
          ASSERT_TRUE(reader->Read(step, grain, &got).ok());
          if (number == stretch.stretch.end) {
            EXPECT_EQ(got.rows(), 0u);
            continue;
          }
          ASSERT_TRUE(whole
                          ->Read(1 + number / kPlanGrains,
                                 static_cast<uint32_t>(number % kPlanGrains), &expected)
                          .ok());
          EXPECT_TRUE(SameBatch(got, expected)) << number;
          ++number;
        }
      }
      EXPECT_EQ(number, stretch.stretch.end);
    }
    EXPECT_EQ(number, grains);
  }
}

}  // namespace
}  // namespace chorus::worker::testing
