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
  ChunkLimits Limits() const { return {.lines = 3, .seal_seconds = 10, .bytes = 100}; }
  int ends_[2];
};

TEST_F(ChunkCutterTest, ALineWithoutAnEndIsRefusedWhenItIsTooLong) {
  const auto text = FollowDescriptor(ends_[0]);
  ChunkCutter cutter(text.get(), 0, Limits());
  Put("a\n" + std::string(99, 'x'));
  const auto chunk = cutter.Next(/*all=*/true);
  ASSERT_TRUE(chunk.ok()) << chunk.status().ToString();
  EXPECT_EQ(chunk->lines, 1u);
  Put("xx");
  EXPECT_NE(cutter.Next(/*all=*/true).status().message().find("without the end of a line"),
            std::string::npos);
  ChunkCutter headed(text.get(), 2, Limits());
  EXPECT_NE(headed.Next(/*all=*/true).status().message().find("100 are the most"),
            std::string::npos);
}

TEST_F(ChunkCutterTest, AHeaderWithoutAnEndIsRefusedWhenItIsTooLong) {
  const auto text = FollowDescriptor(ends_[0]);
  ChunkCutter cutter(text.get(), 0, Limits());
  Put(std::string(101, 'x'));
  EXPECT_NE(cutter.TakeHeader().status().message().find("without the end of a line"),
            std::string::npos);
}

TEST_F(ChunkCutterTest, WhatCameSinceTheLastLookIsGrowthWhoeverReadIt) {
  const auto text = FollowDescriptor(ends_[0]);
  ChunkCutter cutter(text.get(), 0, Limits());
  Put("a\nb\n");
  ASSERT_TRUE(text->Grow(0).ok());  // as who waits for it does
  auto chunk = cutter.Next(/*all=*/false);
  ASSERT_TRUE(chunk.ok());
  EXPECT_EQ(chunk->begin, chunk->end);  // neither full nor waited for long enough
  EXPECT_TRUE(chunk->grew);
  EXPECT_FALSE(cutter.Next(/*all=*/false)->grew);
  Put("c\n");
  chunk = cutter.Next(/*all=*/false);
  ASSERT_TRUE(chunk.ok());
  EXPECT_EQ(chunk->lines, 3u);
  EXPECT_TRUE(chunk->grew);
}

}  // namespace
}  // namespace chorus::worker
