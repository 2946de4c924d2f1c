#include "worker/log/row_sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/worker/log/log_testing.h"
#include "worker/log/group_id.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

constexpr uint64_t kRows = 6000;

// A batch of groups of five rows each.
Batch GroupedBatch() { return MakeBatch(FullSchema(), kRows, 3, 0); }

TEST(RowSampleTest, IsAboutAsLargeAsItIsAskedForAndOfWholeGroups) {
  const Batch batch = GroupedBatch();
  for (const uint64_t max_rows : {600u, 3000u, 5000u}) {
    const RowSample sample(max_rows, kRows);
    EXPECT_FALSE(sample.all());
    EXPECT_DOUBLE_EQ(sample.share(), static_cast<double>(max_rows) / kRows);
    std::map<uint64_t, std::set<bool>> of_group;
    uint64_t rows = 0;
    for (uint32_t row = 0; row < kRows; ++row) {
      rows += sample.Has(batch, row);
      of_group[batch.group[row]].insert(sample.Has(batch, row));
    }
    EXPECT_NEAR(static_cast<double>(rows), static_cast<double>(max_rows), 400) << max_rows;
    for (const auto& [group, drawn] : of_group) EXPECT_EQ(drawn.size(), 1u) << group;
  }
}

TEST(RowSampleTest, IsOfEveryRowUnlessTheLogIsLarger) {
  for (const RowSample& sample : {RowSample(), RowSample(0, 10), RowSample(10, 10)}) {
    EXPECT_TRUE(sample.all());
    EXPECT_EQ(sample.share(), 1);
    EXPECT_TRUE(sample.Has(GroupedBatch(), 3));
  }
}

TEST(RowSampleTest, RowsWithoutAGroupAreDrawnByTheirIds) {
  Batch batch = GroupedBatch();
  batch.group.assign(kRows, kNoGroup);
  Batch ungrouped = GroupedBatch();
  ungrouped.group.clear();
  const RowSample sample(3000, kRows);
  uint64_t rows = 0;
  for (uint32_t row = 0; row < kRows; ++row) {
    EXPECT_EQ(sample.Has(batch, row), sample.Has(ungrouped, row));
    rows += sample.Has(batch, row);
  }
  EXPECT_NEAR(static_cast<double>(rows), 3000, 200);
}

// The features of row `row` as they are read through its context.
std::vector<std::vector<uint64_t>> FeaturesOf(const Batch& batch, uint32_t row) {
  std::vector<std::vector<uint64_t>> out;
  const auto add = [&](const FeatureColumns& side, uint32_t at) {
    for (const SlotColumn& slot : side.slots) {
      out.emplace_back(slot.keys.begin() + slot.offsets[at],
                       slot.keys.begin() + slot.offsets[at + 1]);
    }
    for (const auto& numeric : side.numerics) {
      out.push_back({static_cast<uint64_t>(numeric[at] * 1e6f)});
    }
  };
  add(batch.contexts, batch.context_of[row]);
  add(batch.exposures, row);
  out.push_back({batch.row_id[row], batch.click[row], batch.conversion[row], batch.group[row],
                 static_cast<uint64_t>(batch.weight[row])});
  return out;
}

TEST(RowSampleTest, KeptRowsHaveTheirFeaturesAndNoContextIsUnused) {
  const Batch whole = GroupedBatch();
  const RowSample sample(2000, kRows);
  Batch batch = whole, scratch = whole;  // the scratch memory may hold anything
  KeepSample(FullSchema(), sample, &batch, &scratch);
  uint32_t kept = 0;
  std::set<uint32_t> contexts;
  for (uint32_t row = 0; row < kRows; ++row) {
    if (!sample.Has(whole, row)) continue;
    ASSERT_LT(kept, batch.rows());
    EXPECT_EQ(FeaturesOf(batch, kept), FeaturesOf(whole, row)) << row;
    contexts.insert(batch.context_of[kept++]);
  }
  EXPECT_EQ(kept, batch.rows());
  EXPECT_EQ(batch.row_id.size(), kept);
  EXPECT_EQ(contexts.size(), batch.contexts.rows);
  EXPECT_LT(batch.contexts.rows, whole.contexts.rows);
}

TEST(RowSampleTest, APlanOfASampleHasTheGrainsOfItsPlanWithoutTheOthers) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(files->CreateDirectories("log").ok());
  auto writer = LogWriter::Create(*files, "log/part-00000.log", FullSchema());
  ASSERT_TRUE(writer.ok());
  for (uint64_t block = 0; block < 10; ++block) {
    const Batch batch = MakeBatch(FullSchema(), 37, 3, block * 37);
    ASSERT_TRUE((*writer)->AddBlock(EncodeBlock(FullSchema(), batch)).ok());
  }
  ASSERT_TRUE((*writer)->Finish().ok());
  const auto log = LogReader::Open(*files, {"log"});
  ASSERT_TRUE(log.ok());
  ReadingOptions options;
  options.order = DataConfig::SEQUENTIAL;
  options.unclicked_conversion = KEEP_UNCLICKED;
  options.grain_rows = 16;
  options.grains_per_step = 4;
  const auto plan = ReadingPlan::Make(**log, options);
  ASSERT_TRUE(plan.ok());
  const RowSample sample(200, (*plan)->counts().kept_rows);
  const LogSchema schema = (*log)->schema();
  const auto sampled = NewSampledPlan(&schema, plan->get(), sample);
  EXPECT_EQ(sampled->total_steps(), (*plan)->total_steps());
  const auto all_rows = (*plan)->NewReader({0, 4}), some_rows = sampled->NewReader({0, 4});
  uint64_t rows = 0;
  for (uint64_t step = 1; step <= sampled->total_steps(); ++step) {
    for (uint32_t grain = 0; grain < 4; ++grain) {
      Batch all, some;
      ASSERT_TRUE(all_rows->Read(step, grain, &all).ok());
      ASSERT_TRUE(some_rows->Read(step, grain, &some).ok());
      std::vector<uint64_t> expected;
      for (uint32_t row = 0; row < all.rows(); ++row) {
        if (sample.Has(all, row)) expected.push_back(all.row_id[row]);
      }
      EXPECT_EQ(some.row_id, expected);
      rows += some.rows();
    }
  }
  EXPECT_GT(rows, 50u);
  EXPECT_LT(rows, 350u);
}

}  // namespace
}  // namespace chorus::worker::testing
