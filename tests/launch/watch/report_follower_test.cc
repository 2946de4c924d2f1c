#include "launch/watch/report_follower.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace chorus::launch {
namespace {

std::string Progress(int step) {
  return "{\"step\":\"" + std::to_string(step) +
         "\",\"doubt\":[\"odd\"],\"progress\":{\"loss\":1}}\n";
}

class ReportFollowerTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) {
    ASSERT_TRUE(ReplaceFile(*files_, "metrics.jsonl", text).ok());
  }

  const std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  ReportFollower follower_{*files_, "metrics.jsonl"};
};

TEST_F(ReportFollowerTest, TakesWhatHasBeenAdded) {
  Write(Progress(1));
  ASSERT_TRUE(follower_.Read().ok());
  EXPECT_EQ(follower_.progress()->step(), 1u);
  Write(Progress(1) + Progress(2) + "{\"step\":\"2\",\"evaluation\":{\"rows\":\"5\"}}\n");
  ASSERT_TRUE(follower_.Read().ok());
  EXPECT_EQ(follower_.progress()->step(), 2u);
  EXPECT_EQ(follower_.evaluation()->evaluation().rows(), 5u);
  EXPECT_EQ(follower_.lines(), 3u);
  EXPECT_EQ(follower_.doubts(), std::vector<std::string>{"odd"});  // once
}

TEST_F(ReportFollowerTest, WaitsForTheEndOfALine) {
  const std::string second = Progress(2);
  Write(Progress(1) + second.substr(0, 10));
  ASSERT_TRUE(follower_.Read().ok());
  EXPECT_EQ(follower_.progress()->step(), 1u);
  Write(Progress(1) + second);
  ASSERT_TRUE(follower_.Read().ok());
  EXPECT_EQ(follower_.progress()->step(), 2u);
}

TEST_F(ReportFollowerTest, BeginsAnewWhereTheFileIsShorter) {
  Write(Progress(1) + Progress(2) + Progress(3));
  ASSERT_TRUE(follower_.Read().ok());
  Write(Progress(7));
  ASSERT_TRUE(follower_.Read().ok());
  EXPECT_EQ(follower_.progress()->step(), 7u);
  EXPECT_EQ(follower_.lines(), 1u);
}

// A run that resumed keeps its first lines and may have outgrown the file that was there.
TEST_F(ReportFollowerTest, BeginsAnewWhereAnotherFileHasGrownLonger) {
  Write(Progress(1) + Progress(2) + Progress(3));
  ASSERT_TRUE(follower_.Read().ok());
  Write(Progress(1) + "{\"step\":\"2\",\"seconds\":1.25,\"progress\":{\"loss\":1}}\n" +
        Progress(3) + Progress(4));
  ASSERT_TRUE(follower_.Read().ok());
  EXPECT_EQ(follower_.progress()->step(), 4u);
  EXPECT_EQ(follower_.lines(), 4u);
}

TEST_F(ReportFollowerTest, NamesTheLineThatIsNoReport) {
  Write(Progress(1) + "hello\n");
  const Status status = follower_.Read();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.message().find("metrics.jsonl:2: is no report"), std::string::npos)
      << status.message();
  Write(Progress(1) + "hello\n" + Progress(2));
  ASSERT_TRUE(follower_.Read().ok()) << "who asks again has the lines behind it";
  EXPECT_EQ(follower_.lines(), 3u) << "and none twice";
  EXPECT_EQ(ReportFollower(*files_, "none.jsonl").Read().code(), Code::kNotFound);
}

}  // namespace
}  // namespace chorus::launch
