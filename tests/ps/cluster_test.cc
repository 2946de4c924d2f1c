// Servers and client together: any layout, delivery and restart gives the same bits.

#include "tests/ps/cluster.h"

#include <gtest/gtest.h>

#include <chrono>

#include "common/wire.pb.h"

namespace chorus::ps::testing {
namespace {

constexpr uint64_t kLast = 6;  // steps with keys
constexpr char kDirectory[] = "snap";

struct Outcome {
  std::string middle;  // canonical rows after step 3
  std::string end;     // after the last step
};

Status Restore(worker::PsClient& client, const std::string& directory,
               wire::RestoreMeta::Mode mode) {
  wire::ControlMeta meta;
  meta.mutable_restore()->set_directory(directory);
  meta.mutable_restore()->set_mode(mode);
  client.BeginRestore(meta.SerializeAsString());
  ASSIGN_OR_RETURN(const bool ended, client.RestoreEnded(20));
  return ended ? Status::Ok() : DeadlineExceeded("the restore did not end");
}

// Trains (from, kLast] with a snapshot of step `cut` into directory.
std::string TrainAndCut(Cluster* cluster, const Layout& layout, FileSystem& files, uint64_t from,
                        uint64_t cut, const std::string& directory) {
  cluster->set_last_step(kLast);
  const Status status = cluster->Train(from, kLast, cut, directory);
  EXPECT_TRUE(status.ok()) << status.ToString();
  const auto written = cluster->client(0).SnapshotFiles(cut, true);
  EXPECT_TRUE(written.ok()) << written.status().ToString();
  EXPECT_EQ(written.ok() ? written->size() : 0, layout.shards);
  return Cluster::Canonical(files, directory, layout.shards);
}

std::string RunFresh(const Layout& layout, uint64_t cut, FileSystem& files,
                     const std::string& directory) {
  Cluster cluster(layout, TestTables(), files);
  return TrainAndCut(&cluster, layout, files, 0, cut, directory);
}

class LayoutTest : public ::testing::TestWithParam<Layout> {};

TEST_P(LayoutTest, TrainsTheSameBitsAsOneWorkerAndOneServer) {
  const Layout layout = GetParam();
  Layout alone;
  alone.pull_ahead = layout.pull_ahead;
  const auto files = NewMemoryFiles();
  const std::string expected = RunFresh(alone, kLast, *files, "alone");
  EXPECT_GT(expected.size(), 1000u);
  EXPECT_EQ(RunFresh(layout, kLast, *files, "cluster"), expected);
}

// Trains to step 3, saves between frames of steps, and goes on to kLast, as if each part began anew.
Outcome TrainWithAPause(const Layout& layout, FileSystem& files, const std::string& directory) {
  constexpr uint64_t kPause = 3;
  Cluster cluster(layout, TestTables(), files);
  const auto go_on = [&] {
    for (uint32_t w = 0; w < layout.workers; ++w) {
      const Status status = cluster.client(w).ContinueAfter(kPause, w == 0);
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
  };
  cluster.set_last_step(kPause);
  EXPECT_TRUE(cluster.Train(0, kPause).ok());
  go_on();
  EXPECT_TRUE(cluster.client(0).Ping().ok());
  const std::string middle = directory + "-middle";
  EXPECT_TRUE(cluster.Train(kPause, kPause, kPause, middle).ok());
  EXPECT_TRUE(cluster.client(0).SnapshotFiles(kPause, true).ok());
  go_on();
  Outcome outcome;
  outcome.middle = Cluster::Canonical(files, middle, layout.shards);
  outcome.end = TrainAndCut(&cluster, layout, files, kPause, kLast, directory);
  return outcome;
}

TEST_P(LayoutTest, ARunThatPausesTrainsTheSameBitsAndIsSavedInThePause) {
  const Layout layout = GetParam();
  Layout alone;
  alone.pull_ahead = layout.pull_ahead;
  const auto files = NewMemoryFiles();
  const Outcome expected = TrainWithAPause(alone, *files, "alone");
  const Outcome paused = TrainWithAPause(layout, *files, "cluster");
  EXPECT_EQ(paused.middle, expected.middle);
  EXPECT_EQ(paused.end, expected.end);
  const std::string whole = RunFresh(layout, kLast, *files, "whole");
  // With it, the first steps behind the pause see all updates before them.
  EXPECT_EQ(paused.end == whole, layout.pull_ahead == 0);
}

// The lines of canonical rows that belong to a table.
std::string RowsOf(const std::string& canonical, const std::string& table) {
  std::string rows;
  for (const std::string& line : Split(canonical, '\n')) {
    if (line.starts_with(table + " ")) rows += line + "\n";
  }
  return rows;
}

TEST_P(LayoutTest, AFrozenTableIsReadAndItsRowsAreNotTouched) {
  const Layout layout = GetParam();
  const auto files = NewMemoryFiles();
  const auto train = [&](uint64_t last, const std::string& directory) {
    Cluster cluster(layout, TestTables(), *files);
    cluster.set_frozen_from(4);
    cluster.set_last_step(last);
    EXPECT_TRUE(cluster.Train(0, last, last, directory).ok());
    EXPECT_TRUE(cluster.client(0).SnapshotFiles(last, true).ok());
    return Cluster::Canonical(*files, directory, layout.shards);
  };
  const std::string before = train(3, "before");
  const std::string after = train(kLast, "after");
  EXPECT_GT(RowsOf(before, "a").size(), 100u);
  EXPECT_EQ(RowsOf(after, "a"), RowsOf(before, "a"));
  EXPECT_NE(RowsOf(after, "b"), RowsOf(before, "b"));
}

TEST_P(LayoutTest, SnapshotTakenWhileTrainingEqualsTheStoppedTwin) {
  const Layout layout = GetParam();
  Layout alone;
  alone.pull_ahead = layout.pull_ahead;
  const auto files = NewMemoryFiles();
  const std::string running = RunFresh(layout, 3, *files, "running");
  Cluster twin(alone, TestTables(), *files);
  ASSERT_TRUE(twin.Train(0, 3, 3, "stopped").ok());
  ASSERT_TRUE(twin.client(0).SnapshotFiles(3, true).ok());
  EXPECT_EQ(running, Cluster::Canonical(*files, "stopped", alone.shards));
}

TEST_P(LayoutTest, ContinuesFromACheckpointOfAnotherLayoutToTheSameBits) {
  const Layout layout = GetParam();
  Layout alone;
  alone.pull_ahead = layout.pull_ahead;
  alone.shards = 5;  // the checkpoint is cut into other shards than the cluster that reads it
  const auto files = NewMemoryFiles();
  const std::string expected = RunFresh(alone, kLast, *files, "uninterrupted");
  RunFresh(alone, 3, *files, "cut");
  Cluster cluster(layout, TestTables(), *files);
  const Status restored = Restore(cluster.client(0), "cut", wire::RestoreMeta::RESUME);
  ASSERT_TRUE(restored.ok()) << restored.ToString();
  EXPECT_EQ(TrainAndCut(&cluster, layout, *files, 3, kLast, "resumed"), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, LayoutTest,
    ::testing::Values(Layout{1, 1, 1, 0}, Layout{2, 1, 2, 0}, Layout{3, 2, 1, 0},
                      Layout{4, 3, 2, 0}, Layout{1, 3, 1, 1}, Layout{2, 2, 2, 1},
                      Layout{3, 3, 1, 1}, Layout{4, 1, 3, 1}, Layout{1, 2, 2, 2},
                      Layout{2, 3, 1, 2}, Layout{3, 1, 1, 2}, Layout{4, 2, 2, 2},
                      Layout{3, 2, 2, 0, 16, true}, Layout{2, 1, 1, 2, 8, true}));

// With SGD of rate 1 from zero weights, the weights are minus the sum of what was applied.
TEST(ClusterTest, EveryGradientPushedIsAppliedOnce) {
  TrainConfig config;
  TableConfig* const table = config.add_table();
  table->set_dim(4);
  table->mutable_optimizer()->mutable_sgd()->set_lr(1);
  table->mutable_initializer()->mutable_constant()->set_value(0);
  for (const bool twice : {false, true}) {
    const Layout layout{3, 2, 2, 1, 8, twice};
    const auto files = NewMemoryFiles();
    Cluster cluster(layout, Complete(config), *files);
    cluster.set_exact(true);
    cluster.set_last_step(kLast);
    ASSERT_TRUE(cluster.Train(0, kLast, kLast, kDirectory).ok());
    ASSERT_TRUE(cluster.client(0).SnapshotFiles(kLast, true).ok());
    double applied = 0;
    const auto add = [&](const ShardFileTable& of, const ShardRow& row) {
      for (uint32_t i = 0; i < of.dim; ++i) applied -= row.weights[i];
    };
    const Status read = Cluster::ForEachRow(*files, kDirectory, layout.shards, add);
    ASSERT_TRUE(read.ok()) << read.ToString();
    EXPECT_NE(applied, 0);
    EXPECT_EQ(applied, cluster.pushed_sum());
  }
}

TEST(ClusterTest, ReadSeesWhatTrainingLeft) {
  const auto files = NewMemoryFiles();
  Cluster cluster({}, TestTables(), *files);
  const auto keys = cluster.KeysOf(1, 0);
  const auto before = cluster.client(0).Read(keys);
  ASSERT_TRUE(before.ok());
  ASSERT_TRUE(cluster.Train(0, 2).ok());
  const auto after = cluster.client(0).Read(keys);
  ASSERT_TRUE(after.ok());
  EXPECT_NE((*before)->row(0, 0)[0], (*after)->row(0, 0)[0]);
  for (uint32_t table = 0; table < keys.size(); ++table) {
    for (uint32_t i = 0; i < keys[table].keys.size(); ++i) {
      EXPECT_FALSE((*before)->seen(table, i));
      EXPECT_TRUE((*after)->seen(table, i)) << "table " << table << " key " << i;
    }
  }
}

TEST(ClusterTest, DeadlineMessageNamesTheMissingWorkers) {
  const auto files = NewMemoryFiles();
  Cluster cluster({3, 1}, TestTables(), *files, 0.05);
  ASSERT_TRUE(cluster.client(1).Send(1, cluster.KeysOf(1, 1), nullptr, nullptr).ok());
  const auto rows = cluster.client(1).Wait(1);
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.status().code(), Code::kDeadlineExceeded);
  EXPECT_NE(rows.status().message().find("worker 0, worker 2"), std::string::npos)
      << rows.status().ToString();
}

// The snapshot begins with a frame of every worker, and one worker is gone.
TEST(ClusterTest, AWaitForASnapshotEndsWithTheStepThatItBeginsWith) {
  const auto files = NewMemoryFiles();
  const auto tables = TestTables();
  Cluster cluster({.workers = 2, .servers = 2}, tables, *files, 1);
  cluster.set_last_step(2);
  ASSERT_TRUE(cluster.Train(0, 2).ok());  // and sends step 3, which looks up nothing
  worker::PsClient& client = cluster.client(0);
  auto gradients = std::make_unique<worker::StepGradients>();
  gradients->lr_factors.assign(tables.size(), 1);
  gradients->tables.resize(tables.size());
  const worker::SnapshotRequest snapshot{3, kDirectory};
  ASSERT_TRUE(client.Send(4, cluster.KeysOf(4, 0, true), std::move(gradients), &snapshot).ok());
  const auto begin = std::chrono::steady_clock::now();
  const Status status = client.SnapshotFiles(3, true).status();  // which may take a minute
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded) << status.ToString();
  EXPECT_NE(status.message().find("frame of worker 1"), std::string::npos) << status.ToString();
}

TEST(ClusterTest, WarmStartKeepsWeightsAndStartsFromStepOne) {
  const auto files = NewMemoryFiles();
  RunFresh({}, kLast, *files, kDirectory);
  for (const auto mode : {wire::RestoreMeta::WARM_START, wire::RestoreMeta::WARM_START_RESET}) {
    Cluster cluster({2, 2}, TestTables(), *files);
    ASSERT_TRUE(Restore(cluster.client(0), kDirectory, mode).ok());
    const auto file = ShardFile::Open(*files, JoinPath(kDirectory, ShardFileName(0)));
    ASSERT_TRUE(file.ok());
    auto cursor = (*file)->Rows(0);
    ShardRow row;
    ASSERT_TRUE(cursor.Next(&row));
    std::vector<worker::TableKeys> keys(2);
    for (auto& table : keys) table.shard_counts.resize(8);
    keys[0].keys = {row.key};
    keys[0].shard_counts[0] = 1;
    const auto read = cluster.client(0).Read(keys);
    ASSERT_TRUE(read.ok());
    for (int i = 0; i < 5; ++i) EXPECT_EQ((*read)->row(0, 0)[i], row.weights[i]);
    cluster.set_last_step(3);
    EXPECT_TRUE(cluster.Train(0, 3).ok());
  }
}

TEST(ClusterTest, DamagedCheckpointIsRefusedWithItsFileName) {
  const auto files = NewMemoryFiles();
  RunFresh({}, kLast, *files, kDirectory);
  const std::string path = JoinPath(kDirectory, ShardFileName(2));
  std::string bytes = *ReadWholeFile(*files, path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  ASSERT_TRUE(ReplaceFile(*files, path, bytes).ok());
  Cluster cluster({}, TestTables(), *files);
  const Status restored = Restore(cluster.client(0), kDirectory, wire::RestoreMeta::RESUME);
  EXPECT_EQ(restored.code(), Code::kDataLoss);
  EXPECT_NE(restored.message().find("shard-00002.rows"), std::string::npos);
}

}  // namespace
}  // namespace chorus::ps::testing
