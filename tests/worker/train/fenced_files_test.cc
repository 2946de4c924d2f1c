// A job whose claim is not the newest any more changes nothing that others see.

#include "worker/train/fenced_files.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/forwarding_files.h"
#include "common/strings.h"
#include "worker/train/best_file.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::worker {
namespace {

constexpr char kDirectory[] = "ckpt";

// What a rank that has looked at its claim calls: before its next rename it stands still, and others
// go on.
class StandingStill final : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;
  void BeforeRename(std::function<void()> others) { others_ = std::move(others); }
  Status Rename(const std::string& from, const std::string& to) override {
    if (const auto others = std::exchange(others_, nullptr)) others();
    return files_.Rename(from, to);
  }

 private:
  std::function<void()> others_;
};

class FencedFilesTest : public testing::Test {
 protected:
  std::unique_ptr<FencedFiles> NewJob() { return NewJob(*files_); }
  std::unique_ptr<FencedFiles> NewJob(FileSystem& files) {
    auto claim = CheckpointClaim::Make(files, kDirectory, "a job");
    EXPECT_TRUE(claim.ok()) << claim.status().ToString();
    auto job = std::make_unique<FencedFiles>(files);
    EXPECT_EQ(job->claim(), nullptr);
    job->Claim(*claim);
    return job;
  }
  std::string BytesOf(const std::string& path) {
    const auto bytes = ReadWholeFile(*files_, path);
    return bytes.ok() ? *bytes : bytes.status().ToString();
  }

  const std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

TEST_F(FencedFilesTest, AfterANewerClaimEveryChangeIsRefused) {
  const auto old = NewJob();
  ASSERT_TRUE(ReplaceFile(*old, "metrics.jsonl", "old").ok());
  ASSERT_TRUE(ReplaceFile(*old, "ckpt/step-1/MANIFEST", "m").ok());
  const auto job = NewJob();
  const auto refused = [](const Status& status) {
    return status.code() == Code::kFailedPrecondition &&
           status.message().find("with claim 2: a job since ") != std::string::npos;
  };
  EXPECT_TRUE(refused(old->Create("metrics.jsonl").status()));
  EXPECT_TRUE(refused(old->OpenForAppend("metrics.jsonl").status()));
  EXPECT_TRUE(refused(old->Rename("metrics.jsonl", "other")));
  EXPECT_TRUE(refused(old->CreateDirectories("folder")));
  EXPECT_TRUE(refused(old->Remove("metrics.jsonl")));
  EXPECT_TRUE(refused(old->RemoveRecursively("ckpt/step-1")));
  EXPECT_TRUE(refused(ReplaceFile(*old, "metrics.jsonl", "late")));
  EXPECT_EQ(BytesOf("metrics.jsonl"), "old");
  EXPECT_EQ(BytesOf("ckpt/step-1/MANIFEST"), "m");
  EXPECT_FALSE(files_->Exists("folder"));
  EXPECT_TRUE(ReplaceFile(*job, "metrics.jsonl", "new").ok());
  EXPECT_EQ(BytesOf("metrics.jsonl"), "new");
}

TEST_F(FencedFilesTest, TemporaryFilesOfTwoJobsAreTwo) {
  const auto old = NewJob();
  const auto half_written = old->Create("run/metrics.jsonl.tmp");
  ASSERT_TRUE(half_written.ok());
  const std::string left = *files_->List("run")->begin();
  EXPECT_EQ(left, "metrics.jsonl." + old->claim()->token() + ".tmp");
  ASSERT_TRUE(ReplaceFile(*files_, "run/metrics.jsonl.notes.tmp", "somebody's").ok());
  const auto job = NewJob();
  ASSERT_TRUE(ReplaceFile(*job, "run/metrics.jsonl", "new").ok());
  EXPECT_EQ(BytesOf("run/metrics.jsonl"), "new");
  EXPECT_EQ(*files_->List("run"),
            (std::vector<std::string>{"metrics.jsonl", "metrics.jsonl.notes.tmp"}))
      << "what the older one left is removed";
}

// "BEST.7-9f3a21c4" has its job's claim in its own name, too.
TEST_F(FencedFilesTest, TemporaryFilesOfFilesThatCarryAClaimAreRemovedByTheNextJob) {
  std::vector<std::unique_ptr<FencedFiles>> jobs;
  for (size_t i = 0; i < 3; ++i) {
    jobs.push_back(NewJob());
    ASSERT_TRUE(jobs[i]->Create(StrCat("ckpt/BEST.", jobs[i]->claim()->token(), ".tmp")).ok());
  }
  BestCheckpoint best;
  best.set_step(5);
  const std::string token = jobs[2]->claim()->token();
  ASSERT_TRUE(WriteBest(*jobs[2], kDirectory, best, token).ok());
  const auto there = *files_->List(kDirectory);
  EXPECT_EQ(there.front(), "BEST." + token);
  EXPECT_TRUE(there[1].starts_with("claim-")) << there[1];
}

// The rank stood still between its look at the claim and the removal of what has the step's name.
TEST_F(FencedFilesTest, ACheckpointOfTheNextJobThatARankRemovesStaysWhole) {
  const std::string folder = CheckpointFolder(kDirectory, 3);
  const std::string file = JoinPath(folder, "dense.bin");
  ASSERT_TRUE(ReplaceFile(*files_, file, "half made by an earlier program").ok());
  StandingStill slow(*files_);
  const auto old = NewJob(slow);
  const std::string written = WritingFolder(kDirectory, 3, old->claim()->token());
  ASSERT_TRUE(ReplaceFile(*old, JoinPath(written, kManifestName), "old").ok());
  slow.BeforeRename([&] {
    const auto job = NewJob();
    const std::string next = WritingFolder(kDirectory, 3, job->claim()->token());
    ASSERT_TRUE(ReplaceFile(*job, JoinPath(next, "dense.bin"), "new").ok());
    ASSERT_TRUE(ReplaceFile(*job, JoinPath(next, kManifestName), "new").ok());
    ASSERT_TRUE(PublishCheckpoint(*job, next, folder).ok());
  });
  EXPECT_EQ(PublishCheckpoint(*old, written, folder).code(), Code::kFailedPrecondition);
  EXPECT_FALSE(files_->Exists(folder));
  EXPECT_EQ(BytesOf(folder + ".removed/dense.bin"), "new");
  EXPECT_EQ(BytesOf(folder + ".removed/MANIFEST"), "new");
}

// So between its look and its rename.
TEST_F(FencedFilesTest, ACheckpointOfTheNextJobIsNotTakenByARankThatLooked) {
  for (const char* const claim : {"1-00000001", "2-00000002"}) {
    const std::string folder = WritingFolder(kDirectory, 3, claim);
    ASSERT_TRUE(ReplaceFile(*files_, JoinPath(folder, "dense.bin"), claim).ok());
    CheckpointManifest manifest;
    manifest.set_version(1);
    manifest.set_step(3);
    ASSERT_TRUE(WriteManifest(*files_, folder, manifest).ok());
  }
  const std::string checkpoint = CheckpointFolder(kDirectory, 3);
  ASSERT_TRUE(
      PublishCheckpoint(*files_, WritingFolder(kDirectory, 3, "2-00000002"), checkpoint).ok());
  EXPECT_FALSE(files_->Rename(WritingFolder(kDirectory, 3, "1-00000001"), checkpoint).ok());
  EXPECT_EQ(BytesOf(JoinPath(checkpoint, "dense.bin")), "2-00000002");
}

TEST_F(FencedFilesTest, WhatOlderJobsLeaveUnfinishedIsRemovedWithOldCheckpoints) {
  for (int jobs = 0; jobs < 3; ++jobs) NewJob();
  for (const char* const claim : {"1-00000001", "2-00000002", "3-00000003"}) {
    ASSERT_TRUE(
        ReplaceFile(*files_, JoinPath(WritingFolder(kDirectory, 4, claim), "dense.bin"), "x").ok());
  }
  ASSERT_TRUE(
      ReplaceFile(*files_, "ckpt/step-000000000002.writing-1-00000001.removed/f", "x").ok());
  ASSERT_TRUE(ReplaceFile(*files_, "ckpt/claim-000002.9f3a21c4/WRITER", "half made").ok());
  ASSERT_TRUE(PruneCheckpoints(*files_, kDirectory, 2, CheckpointFolder(kDirectory, 3), 2).ok());
  EXPECT_EQ(*files_->List(kDirectory),
            (std::vector<std::string>{"claim-000002", "claim-000002.9f3a21c4", "claim-000003",
                                      "step-000000000004.writing-3-00000003"}))
      << "nothing of the newer job";
}

TEST_F(FencedFilesTest, TheBestOfTheNewestClaimCounts) {
  const auto write = [&](uint64_t step, const std::string& claim) {
    BestCheckpoint best;
    best.set_step(step);
    ASSERT_TRUE(
        ReplaceFile(*files_, JoinPath(CheckpointFolder(kDirectory, step), kManifestName), "m")
            .ok());
    ASSERT_TRUE(WriteBest(*files_, kDirectory, best, claim).ok());
  };
  const auto step = [&] {
    const auto best = ReadBest(*files_, kDirectory);
    return best.ok() && best->has_value() ? (*best)->step() : 0;
  };
  EXPECT_EQ(step(), 0u);
  write(1, "");
  EXPECT_EQ(step(), 1u) << "of a program that made no claims";
  write(2, "9-00000001");
  EXPECT_EQ(step(), 2u);
  EXPECT_FALSE(files_->Exists("ckpt/BEST"));
  write(3, "10-00000002");
  write(4, "9-00000001");
  EXPECT_EQ(step(), 3u) << "what a rank writes that outlives its job is passed over";
  ASSERT_TRUE(RemoveBest(*files_, kDirectory).ok());
  EXPECT_EQ(step(), 0u);
}

}  // namespace
}  // namespace chorus::worker
