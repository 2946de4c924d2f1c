// A checkpoint that fails leaves nothing that takes up room on a full disk.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/faulty_files.h"
#include "worker/servers/ps_client.h"
#include "worker/train/checkpoint_claim.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/checkpointer.h"

namespace chorus::worker {
namespace {

// Servers whose disk is full.
class FullServers final : public PsClient {
 public:
  Status Send(uint64_t, const std::vector<TableKeys>&, std::unique_ptr<StepGradients>,
              const SnapshotRequest*) override {
    return Status::Ok();
  }
  Result<std::shared_ptr<const PulledRows>> Wait(uint64_t) override { return Internal("unused"); }
  Status ContinueAfter(uint64_t, bool) override { return Status::Ok(); }
  Status Ping() override { return Status::Ok(); }
  Result<std::shared_ptr<const PulledRows>> Read(const std::vector<TableKeys>&) override {
    return Internal("unused");
  }
  Result<std::vector<SnapshotFile>> SnapshotFiles(uint64_t, bool) override {
    return ResourceExhausted("server 1: the disk is full");
  }
  void BeginRestore(const std::string&) override {}
  Result<bool> RestoreEnded(double) override { return Internal("unused"); }
  uint64_t bytes_sent() const override { return 0; }
  uint64_t bytes_received() const override { return 0; }
  uint64_t frames_sent() const override { return 0; }
  uint64_t frames_received() const override { return 0; }
};

CheckpointManifest EveryStep() {
  CheckpointManifest manifest;
  manifest.set_planned_steps(10);
  manifest.mutable_config()->mutable_checkpoint()->set_directory("ckpt");
  manifest.mutable_config()->mutable_checkpoint()->set_every_steps(1);
  manifest.mutable_config()->mutable_checkpoint()->set_deadline_minutes(1);
  return manifest;
}

class FailedCheckpointTest : public ::testing::Test {
 protected:
  // Both workers begin the checkpoint of step 1, of which a server writes a file.
  void Begin(const std::string& token, const CheckpointClaim* fence, FileSystem& files) {
    writer_ = std::make_unique<Checkpointer>(files, EveryStep(), true, &servers_, token, fence);
    other_ = std::make_unique<Checkpointer>(files, EveryStep(), false, &servers_, token);
    const auto begun = writer_->Begin(1);
    ASSERT_TRUE(begun.ok()) << begun.status().ToString();
    ASSERT_TRUE(other_->Begin(1).ok());
    ASSERT_TRUE(ReplaceFile(*memory_, JoinPath(begun->directory, "shard-00000.rows"), "rows").ok());
    DenseState state;
    state.step = 1;
    writer_->AddDenseState(state);
    other_->AddDenseState(state);
  }
  std::vector<std::string> Names() const {
    auto names = memory_->List("ckpt");
    return names.ok() ? *names : std::vector<std::string>();
  }

  const std::unique_ptr<FileSystem> memory_ = NewMemoryFiles();
  FullServers servers_;
  std::unique_ptr<Checkpointer> writer_, other_;
};

TEST_F(FailedCheckpointTest, WhoeverFailsFirstRemovesWhatWasWritten) {
  const auto claim = CheckpointClaim::Make(*memory_, "ckpt");
  ASSERT_TRUE(claim.ok());
  for (const bool writer_first : {true, false}) {
    Begin(claim->token(), &*claim, *memory_);
    ASSERT_EQ(Names().size(), 2u);
    const auto poll = [&](bool writer) { return (writer ? writer_ : other_)->Poll(true).code(); };
    EXPECT_EQ(poll(writer_first), Code::kResourceExhausted);
    EXPECT_EQ(Names(), std::vector<std::string>{"claim-000001"});
    EXPECT_EQ(poll(!writer_first), Code::kResourceExhausted);
  }
}

TEST_F(FailedCheckpointTest, AJobThatWasOvertakenRemovesNothing) {
  const auto claim = CheckpointClaim::Make(*memory_, "ckpt");
  ASSERT_TRUE(claim.ok());
  Begin(claim->token(), &*claim, *memory_);
  ASSERT_TRUE(CheckpointClaim::Make(*memory_, "ckpt").ok());
  EXPECT_EQ(other_->Poll(true).code(), Code::kResourceExhausted);
  EXPECT_EQ(writer_->Poll(true).code(), Code::kFailedPrecondition);
  EXPECT_TRUE(memory_->Exists(WritingFolder("ckpt", 1, claim->token()) + "/shard-00000.rows"));
}

TEST_F(FailedCheckpointTest, ThatItCannotBeRemovedChangesNotTheError) {
  FaultPlan plan;
  plan.failing_removes = true;
  const auto faulty = NewFaultyFiles(*memory_, plan);
  const auto claim = CheckpointClaim::Make(*memory_, "ckpt");
  ASSERT_TRUE(claim.ok());
  Begin(claim->token(), &*claim, *faulty);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(writer_->Poll(true).code(), Code::kResourceExhausted);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("takes up room still"),
            std::string::npos);
}

}  // namespace
}  // namespace chorus::worker
