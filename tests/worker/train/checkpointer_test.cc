#include "worker/train/checkpointer.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/faulty_files.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::worker {
namespace {

// Servers that finish their snapshots when the test says so.
class ScriptedServers final : public PsClient {
 public:
  bool finished = true;
  Status failure;

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
  Result<std::vector<SnapshotFile>> SnapshotFiles(uint64_t, bool wait) override {
    RETURN_IF_ERROR(failure);
    if (!finished && !wait) return std::vector<SnapshotFile>();
    return std::vector<SnapshotFile>{{"shard-00000.rows", 4, Checksum("rows"), 1}};
  }
  void BeginRestore(const std::string&) override {}
  Result<bool> RestoreEnded(double) override { return Internal("unused"); }
  uint64_t bytes_sent() const override { return 0; }
  uint64_t bytes_received() const override { return 0; }
  uint64_t frames_sent() const override { return 0; }
  uint64_t frames_received() const override { return 0; }
};

CheckpointManifest Template(uint64_t every_steps, uint32_t keep = 2) {
  CheckpointManifest manifest;
  manifest.set_version(1);
  manifest.set_planned_steps(10);
  CheckpointConfig* const config = manifest.mutable_config()->mutable_checkpoint();
  config->set_directory("ckpt");
  config->set_every_steps(every_steps);
  config->set_keep(keep);
  config->set_deadline_minutes(1);
  return manifest;
}

DenseState StateOf(uint64_t step) {
  DenseState state;
  state.step = step;
  state.arrays.push_back({"weight/w", 1, 2, {static_cast<float>(step), 1.0f}});
  return state;
}

// Takes the checkpoint of `step`, and writes the shard file that a server would.
Status Take(Checkpointer* checkpointer, FileSystem& files, uint64_t step) {
  ASSIGN_OR_RETURN(const SnapshotRequest request, checkpointer->Begin(step));
  EXPECT_EQ(request.step, step);
  RETURN_IF_ERROR(ReplaceFile(files, JoinPath(request.directory, "shard-00000.rows"), "rows"));
  checkpointer->AddDenseState(StateOf(step));
  return checkpointer->Poll(true);
}

std::optional<std::string> Newest(FileSystem& files) { return *FindCheckpoint(files, "ckpt"); }

TEST(CheckpointerTest, WritesACompleteCheckpointAndKeepsTheNewest) {
  const auto files = NewMemoryFiles();
  ScriptedServers servers;
  Checkpointer checkpointer(*files, Template(1), true, &servers);
  for (uint64_t step = 1; step <= 4; ++step) {
    ASSERT_TRUE(Take(&checkpointer, *files, step).ok());
    EXPECT_EQ(Newest(*files), CheckpointFolder("ckpt", step));
  }
  EXPECT_EQ(files->List("ckpt")->size(), 2u);
  const auto manifest = ReadManifest(*files, CheckpointFolder("ckpt", 4));
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->step(), 4u);
  EXPECT_EQ(manifest->file_size(), 2);
  EXPECT_TRUE(VerifyFiles(*files, CheckpointFolder("ckpt", 4), *manifest).ok());
  const auto dense = ReadDenseState(*files, CheckpointFolder("ckpt", 4), *manifest);
  ASSERT_TRUE(dense.ok());
  EXPECT_EQ(dense->arrays[0].values[0], 4.0f);
}

TEST(CheckpointerTest, IsDueEveryStepsOrHalfWayAndAtTheEnd) {
  const auto files = NewMemoryFiles();
  ScriptedServers servers;
  const Checkpointer every(*files, Template(4), true, &servers);
  const Checkpointer half_way(*files, Template(0), true, &servers);
  CheckpointManifest off = Template(1);
  off.mutable_config()->mutable_checkpoint()->clear_directory();
  const Checkpointer never(*files, off, true, &servers);
  for (uint64_t step = 1; step <= 10; ++step) {
    EXPECT_EQ(every.DueByStep(step), step % 4 == 0 || step == 10) << step;
    EXPECT_EQ(half_way.DueByStep(step), step == 5 || step == 10) << step;
    EXPECT_FALSE(never.DueByStep(step));
  }
}

TEST(CheckpointerTest, IsDueByTimeUnlessOneIsUnderWay) {
  const auto files = NewMemoryFiles();
  ScriptedServers servers;
  CheckpointManifest manifest = Template(0);
  Checkpointer never(*files, manifest, true, &servers);
  EXPECT_FALSE(never.DueByTime());
  manifest.mutable_config()->mutable_checkpoint()->set_every_minutes(0.02 / 60);
  Checkpointer checkpointer(*files, manifest, true, &servers);
  std::this_thread::sleep_for(std::chrono::milliseconds(25));
  EXPECT_TRUE(checkpointer.DueByTime());
  ASSERT_TRUE(checkpointer.Begin(3).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(25));
  EXPECT_FALSE(checkpointer.DueByTime());
}

TEST(CheckpointerTest, CompletesOnlyWhenServersAndDenseStateAreThere) {
  const auto files = NewMemoryFiles();
  ScriptedServers servers;
  servers.finished = false;
  Checkpointer checkpointer(*files, Template(1), true, &servers);
  ASSERT_TRUE(checkpointer.Begin(1).ok());
  servers.finished = true;
  ASSERT_TRUE(checkpointer.Poll(false).ok());
  EXPECT_EQ(Newest(*files), std::nullopt) << "the dense state is missing";
  servers.finished = false;
  checkpointer.AddDenseState(StateOf(1));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(checkpointer.Poll(false).ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(Newest(*files), std::nullopt) << "the servers are not done";
  servers.finished = true;
  ASSERT_TRUE(checkpointer.Poll(true).ok());
  EXPECT_EQ(Newest(*files), CheckpointFolder("ckpt", 1));
}

TEST(CheckpointerTest, TheNextOneFinishesTheOneBefore) {
  const auto files = NewMemoryFiles();
  ScriptedServers servers;
  servers.finished = false;
  Checkpointer checkpointer(*files, Template(1), true, &servers);
  ASSERT_TRUE(checkpointer.Begin(1).ok());
  checkpointer.AddDenseState(StateOf(1));
  ASSERT_TRUE(checkpointer.Poll(false).ok());
  ASSERT_TRUE(checkpointer.Begin(2).ok());
  EXPECT_EQ(Newest(*files), CheckpointFolder("ckpt", 1));
}

TEST(CheckpointerTest, WorkersThatDoNotWriteLeaveNoFile) {
  const auto files = NewMemoryFiles();
  ScriptedServers servers;
  Checkpointer checkpointer(*files, Template(1), false, &servers);
  ASSERT_TRUE(checkpointer.Begin(1).ok());
  checkpointer.AddDenseState(StateOf(1));
  ASSERT_TRUE(checkpointer.Poll(false).ok());
  ASSERT_TRUE(checkpointer.Poll(true).ok());
  EXPECT_FALSE(files->Exists("ckpt"));
}

TEST(CheckpointerTest, WhatAnEarlierRunLeftOfTheStepIsRemoved) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(ReplaceFile(*files, "ckpt/step-000000000001/shard-00063.rows", "old").ok());
  ScriptedServers servers;
  Checkpointer checkpointer(*files, Template(1), true, &servers);
  ASSERT_TRUE(Take(&checkpointer, *files, 1).ok());
  EXPECT_FALSE(files->Exists("ckpt/step-000000000001/shard-00063.rows"));
}

TEST(CheckpointerTest, AServersFailureIsReported) {
  const auto files = NewMemoryFiles();
  ScriptedServers servers;
  Checkpointer checkpointer(*files, Template(1), true, &servers);
  ASSERT_TRUE(checkpointer.Begin(1).ok());
  checkpointer.AddDenseState(StateOf(1));
  servers.failure = ResourceExhausted("server 1: disk full");
  EXPECT_EQ(checkpointer.Poll(true).code(), Code::kResourceExhausted);
}

TEST(CheckpointerTest, AnOldCheckpointThatCannotBeRemovedEndsNothing) {
  const auto files = NewMemoryFiles();
  FaultPlan plan;
  plan.failing_removes = true;
  const auto faulty = NewFaultyFiles(*files, plan);
  ScriptedServers servers;
  Checkpointer checkpointer(*faulty, Template(1, 1), true, &servers);
  for (uint64_t step = 1; step <= 3; ++step) {
    const Status status = Take(&checkpointer, *faulty, step);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(Newest(*files), CheckpointFolder("ckpt", step));
  }
  EXPECT_TRUE(files->Exists(CheckpointFolder("ckpt", 1) + ".removed"));
}

// The calls of checkpoint 2 fail one after the other; checkpoint 1 is found after each, whole.
TEST(CheckpointerTest, AFailureAtAnyCallLeavesThePreviousCheckpoint) {
  for (const int kind : {0, 1, 2, 3}) {
    uint32_t failures = 0;
    for (uint64_t at = 0; at < 40; ++at) {
      const auto files = NewMemoryFiles();
      ScriptedServers servers;
      {
        Checkpointer checkpointer(*files, Template(1, 1), true, &servers);
        ASSERT_TRUE(Take(&checkpointer, *files, 1).ok());
      }
      FaultPlan plan;
      if (kind <= 1) plan.failing_write = at;
      plan.write_half_first = kind == 1;
      if (kind == 2) plan.failing_sync = at;
      if (kind == 3) plan.failing_rename = at;
      const auto faulty = NewFaultyFiles(*files, plan);
      Checkpointer checkpointer(*faulty, Template(1, 1), true, &servers);
      const Status status = Take(&checkpointer, *faulty, 2);
      const uint64_t expected = status.ok() ? 2 : 1;
      failures += !status.ok();
      ASSERT_EQ(Newest(*files), CheckpointFolder("ckpt", expected)) << status.ToString();
      const auto manifest = ReadManifest(*files, *Newest(*files));
      ASSERT_TRUE(manifest.ok());
      EXPECT_TRUE(VerifyFiles(*files, *Newest(*files), *manifest).ok());
    }
    EXPECT_GE(failures, 3u) << "kind " << kind;
  }
}

}  // namespace
}  // namespace chorus::worker
