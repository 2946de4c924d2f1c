#include "ps/snapshot_writer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "ps/shard_file.h"
#include "tests/support/faulty_files.h"

namespace chorus::ps::testing {
namespace {

void WaitForEnd(const SnapshotWriter& writer) {
  for (int i = 0; i < 5000 && !writer.ended(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_TRUE(writer.ended());
}

TEST(SnapshotWriterTest, AFailureOfOneSnapshotLeavesNothingOpenForTheNext) {
  const auto memory = NewMemoryFiles();
  FaultPlan plan;
  plan.failing_write = 1;
  const auto files = NewFaultyFiles(*memory, plan);
  SnapshotWriter writer(*files);
  ASSERT_TRUE(writer.Start().ok());
  writer.Begin(1, "first", 1);
  writer.Append(1, 0, "12345678", false, 0);
  writer.Append(1, 0, "fails", true, 1);
  WaitForEnd(writer);
  EXPECT_FALSE(writer.status().finished());

  writer.Begin(2, "second", 1);
  writer.Append(2, 0, "whole", true, 1);
  WaitForEnd(writer);
  EXPECT_TRUE(writer.status().finished());
  const auto bytes = ReadWholeFile(*memory, JoinPath("second", ShardFileName(0)));
  ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
  EXPECT_EQ(bytes->substr(0, 5), "whole");
  EXPECT_EQ(bytes->size(), 5 + sizeof(uint64_t));
}

}  // namespace
}  // namespace chorus::ps::testing
