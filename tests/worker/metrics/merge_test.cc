#include <gtest/gtest.h>

#include "common/file.h"
#include "tests/worker/metrics/metrics_testing.h"

namespace chorus::worker::testing {
namespace {

std::string SerializedWhole(const Rows& rows) {
  auto whole = MetricsAccumulator::Create();
  rows.AddTo(whole.get(), 0, rows.click.size());
  return whole->Serialize();
}

TEST(MergeTest, AnyPartitionInAnyOrderGivesTheSameBytes) {
  const Rows rows = RandomRows(2000, 1);
  const std::string whole = SerializedWhole(rows);
  for (uint64_t trial = 0; trial < 8; ++trial) {
    const uint32_t parts = 1 + ToBelow(Random(trial, RandomPurpose::kTest, 1), 7);
    std::vector<std::unique_ptr<MetricsAccumulator>> part;
    for (uint32_t p = 0; p < parts; ++p) part.push_back(MetricsAccumulator::Create());
    for (size_t i = 0; i < rows.click.size(); ++i) {  // row by row, to a part by chance
      const uint32_t p = ToBelow(Random(trial, RandomPurpose::kTest, 2, i), parts);
      rows.AddTo(part[p].get(), i, i + 1);
    }
    auto merged = MetricsAccumulator::Create();
    for (uint32_t p : RandomPermutation(parts, trial, RandomPurpose::kTest, 3, 0)) {
      ASSERT_TRUE(merged->Merge(part[p]->Serialize()).ok());
    }
    EXPECT_EQ(merged->Serialize(), whole);
  }
}

TEST(MergeTest, ReportOfMergedPartsEqualsThatOfTheWhole) {
  const Rows rows = RandomRows(1000, 2);
  auto a = MetricsAccumulator::Create();
  auto b = MetricsAccumulator::Create();
  rows.AddTo(a.get(), 300, 1000);
  rows.AddTo(b.get(), 0, 300);
  ASSERT_TRUE(a->Merge(b->Serialize()).ok());
  EXPECT_EQ(a->Report().SerializeAsString(), rows.Evaluate().SerializeAsString());
}

TEST(MergeTest, EmptyPartChangesNothing) {
  const Rows rows = RandomRows(100, 3);
  auto metrics = MetricsAccumulator::Create();
  rows.AddTo(metrics.get(), 0, 100);
  ASSERT_TRUE(metrics->Merge(MetricsAccumulator::Create()->Serialize()).ok());
  EXPECT_EQ(metrics->Serialize(), SerializedWhole(rows));
}

TEST(MergeTest, DamagedBytesAreRefusedAndAddNothing) {
  const Rows rows = RandomRows(60, 4);
  const std::string good = SerializedWhole(rows);
  auto metrics = MetricsAccumulator::Create();
  const std::string empty = metrics->Serialize();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
    EXPECT_EQ(metrics->Merge(flipped).code(), Code::kDataLoss) << "byte " << i;
    EXPECT_EQ(metrics->Merge(good.substr(0, i)).code(), Code::kDataLoss) << "length " << i;
  }
  EXPECT_EQ(metrics->Merge(good + "x").code(), Code::kDataLoss);
  EXPECT_EQ(metrics->Serialize(), empty);
}

TEST(MergeTest, WrongNumbersUnderARightChecksumAreRefused) {
  const std::string good = SerializedWhole(RandomRows(60, 5));
  const std::string body = good.substr(0, good.size() - 8);
  auto metrics = MetricsAccumulator::Create();
  const std::string empty = metrics->Serialize();
  int refused = 0;
  for (size_t i = 8; i < body.size(); i += 7) {
    std::string forged = body;
    forged[i] = static_cast<char>(~forged[i]);
    const uint64_t checksum = Checksum(forged);
    forged.append(reinterpret_cast<const char*>(&checksum), 8);
    auto target = MetricsAccumulator::Create();
    if (target->Merge(forged).ok()) continue;  // numbers that are possible, if not these
    EXPECT_EQ(target->Serialize(), empty);
    ++refused;
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace chorus::worker::testing
