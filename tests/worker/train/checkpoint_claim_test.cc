#include "worker/train/checkpoint_claim.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "common/forwarding_files.h"
#include "tests/support/faulty_files.h"

namespace chorus::worker {
namespace {

// On a disk and in memory alike.
class CheckpointClaimTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      folder_ = JoinPath(testing::TempDir(), "claim-test-XXXXXX");
      ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    } else {
      memory_ = NewMemoryFiles();
    }
  }
  void TearDown() override {
    if (!GetParam()) return;
    EXPECT_TRUE(PosixFiles().RemoveRecursively(folder_).ok());
  }
  FileSystem& files() { return GetParam() ? PosixFiles() : *memory_; }
  std::string Directory() const { return JoinPath(folder_.empty() ? "ram" : folder_, "a/ckpt"); }

  std::string folder_;
  std::unique_ptr<FileSystem> memory_;
};

TEST_P(CheckpointClaimTest, TheNewestOneAloneMayWriteAndOthersAreToldWhoHasIt) {
  const auto first = CheckpointClaim::Make(files(), Directory(), "rank 0 of the first job");
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_TRUE(first->Check().ok());
  EXPECT_EQ(first->number(), 1u);
  EXPECT_EQ(NumberOfToken(first->token()), 1u);
  const auto second = CheckpointClaim::Make(files(), Directory());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->number(), 2u);
  EXPECT_TRUE(second->Check().ok());
  const Status status = first->Check();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_TRUE(status.message().starts_with(Directory() +
                                           ": another job goes on here, with claim 2: process "))
      << status.message();
  EXPECT_NE(status.message().find(" UTC ("), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("this job, whose claim is " + first->token()), std::string::npos)
      << status.message();
}

TEST_P(CheckpointClaimTest, NothingButTheClaimStays) {
  ASSERT_TRUE(CheckpointClaim::Make(files(), Directory()).ok());
  EXPECT_EQ(*files().List(Directory()), std::vector<std::string>{"claim-000001"});
}

TEST_P(CheckpointClaimTest, OneThatWasRemovedHoldsNoMoreAlsoWhereItsNumberIsGivenAgain) {
  const auto first = CheckpointClaim::Make(files(), Directory());
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(files().RemoveRecursively(Directory()).ok());
  for (int made_again = 0; made_again < 2; ++made_again) {
    const Status gone = first->Check();
    EXPECT_EQ(gone.code(), Code::kFailedPrecondition);
    EXPECT_NE(gone.message().find("is gone: somebody has removed it"), std::string::npos)
        << gone.message();
    ASSERT_TRUE(files().CreateDirectories(Directory()).ok());
  }
  const auto again = CheckpointClaim::Make(files(), Directory(), "the next one");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->number(), 1u);
  EXPECT_NE(again->token(), first->token());
  const Status status = first->Check();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find("with claim 1: the next one since "), std::string::npos)
      << status.message();
}

// Lists the folder as it was before another job's claim.
class LateFiles final : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;
  Result<std::vector<std::string>> List(const std::string& directory) override {
    Result<std::vector<std::string>> names = files_.List(directory);
    if (!other_.has_value()) other_ = CheckpointClaim::Make(files_, directory, "the quicker one");
    return names;
  }
  const CheckpointClaim& other() const { return **other_; }

 private:
  std::optional<Result<CheckpointClaim>> other_;
};

TEST_P(CheckpointClaimTest, TwoThatClaimAtOnceDoNotBothSucceed) {
  LateFiles late(files());
  const auto claim = CheckpointClaim::Make(late, Directory());
  EXPECT_EQ(claim.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(claim.status().message().find("with claim 1: the quicker one since "),
            std::string::npos)
      << claim.status().message();
  EXPECT_TRUE(late.other().Check().ok());
  EXPECT_EQ(*files().List(Directory()), std::vector<std::string>{"claim-000001"});
}

// The job took its lock, stood still, and lost it.
TEST_P(CheckpointClaimTest, AJobThatWasOvertakenSinceItsLockIsRefused) {
  ASSERT_TRUE(CheckpointClaim::Make(files(), Directory(), "first", 0).ok());
  const auto second = CheckpointClaim::Make(files(), Directory(), "second", 1);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ(second->number(), 2u);
  const auto late = CheckpointClaim::Make(files(), Directory(), "late", 1);
  EXPECT_EQ(late.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(late.status().message().find("with claim 2: second since "), std::string::npos)
      << late.status().message();
  EXPECT_TRUE(second->Check().ok());
}

TEST_P(CheckpointClaimTest, ADiskThatFailsLeavesTheClaimBeforeInPlace) {
  const auto first = CheckpointClaim::Make(files(), Directory());
  ASSERT_TRUE(first.ok());
  uint32_t failures = 0;
  for (const int kind : {0, 1, 2}) {
    for (uint64_t at = 0; at < 2; ++at) {
      FaultPlan plan;
      if (kind == 0) plan.failing_write = at;
      if (kind == 1) plan.failing_sync = at;
      if (kind == 2) plan.failing_rename = at;
      const auto faulty = NewFaultyFiles(files(), plan);
      if (CheckpointClaim::Make(*faulty, Directory()).ok()) continue;
      ++failures;
      EXPECT_TRUE(failures > 1 || first->Check().ok());
    }
  }
  EXPECT_EQ(failures, 4u) << "one write, one sync and two renames";
}

TEST_P(CheckpointClaimTest, NobodyMayWriteWhereNobodyCanLook) {
  const auto claim = CheckpointClaim::Make(files(), Directory());
  ASSERT_TRUE(claim.ok());
  FaultPlan plan;
  plan.failing_lists = true;
  const auto faulty = NewFaultyFiles(files(), plan);
  EXPECT_EQ(CheckpointClaim::Make(*faulty, Directory()).status().code(), Code::kInternal);
}

INSTANTIATE_TEST_SUITE_P(Files, CheckpointClaimTest, testing::Bool(),
                         [](const auto& files) { return files.param ? "OnDisk" : "InMemory"; });

TEST(CheckpointClaimNamesTest, NumbersAreReadFromNamesThatHaveOne) {
  EXPECT_EQ(NumberOfClaim("claim-000012"), 12u);
  EXPECT_EQ(NumberOfClaim("claim-000012.9f3a21c4"), 12u);
  EXPECT_EQ(NumberOfClaim("claim-"), std::nullopt);
  EXPECT_EQ(NumberOfClaim("claims"), std::nullopt);
  EXPECT_EQ(NumberOfClaim("step-000000000012"), std::nullopt);
  EXPECT_EQ(NumberOfToken("7-9f3a21c4.removed"), 7u);
  EXPECT_EQ(NumberOfToken(""), std::nullopt);
}

}  // namespace
}  // namespace chorus::worker
