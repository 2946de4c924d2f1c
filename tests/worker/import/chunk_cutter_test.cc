// Text that grows is cut behind whole lines, and a text without any is refused.

#include "worker/import/chunk_cutter.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "tests/worker/import/import_testing.h"

namespace chorus::worker {
namespace {

class ChunkCutterTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(pipe(ends_), 0); }
  void TearDown() override {
    for (const int end : ends_) close(end);
  }
  void Put(const std::string& text) {
    ASSERT_EQ(write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  ChunkLimits Limits() const {
    return {.lines = 3,
            .seal_seconds = 10,
            .idle_seconds = 0.05,
            .stop = [] { return false; },
            .bytes = 100};
  }
  int ends_[2];
};

TEST_F(ChunkCutterTest, ALineWithoutAnEndIsRefusedWhenItIsTooLong) {
  const auto text = FollowDescriptor(ends_[0]);
  ChunkCutter cutter(text.get(), 0, Limits());
  Put("a\n" + std::string(99, 'x'));
  const auto chunk = cutter.Next();
  ASSERT_TRUE(chunk.ok()) << chunk.status().ToString();
  EXPECT_EQ(chunk->lines, 1u);
  Put("xx");
  EXPECT_NE(cutter.Next().status().message().find("without the end of a line"), std::string::npos);
  ChunkCutter headed(text.get(), 2, Limits());
  EXPECT_NE(headed.Next().status().message().find("100 are the most"), std::string::npos);
}

TEST_F(ChunkCutterTest, AHeaderWithoutAnEndIsRefusedWhenItIsTooLong) {
  const auto text = FollowDescriptor(ends_[0]);
  ChunkCutter cutter(text.get(), 0, Limits());
  Put(std::string(101, 'x'));
  EXPECT_NE(cutter.TakeHeader().status().message().find("without the end of a line"),
            std::string::npos);
}

TEST_F(ChunkCutterTest, WhatWaitedInThePipeIsNoIdleTime) {
  const auto text = FollowDescriptor(ends_[0]);
  ChunkCutter cutter(text.get(), 0, Limits());
  for (int i = 0; i < 3; ++i) {
    Put("a\nb\nc\n");
    usleep(100'000);  // longer than idle_seconds
    const auto chunk = cutter.Next();
    ASSERT_TRUE(chunk.ok()) << chunk.status().ToString();
    EXPECT_EQ(chunk->lines, 3u);
  }
  const auto end = cutter.Next();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->begin, end->end);
}

}  // namespace
}  // namespace chorus::worker
