// Contexts are shared, never expanded, and that is the same mathematics: a log trains the same
// model as its twin in which every exposure has a context of its own.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/strings.h"
#include "launch/command/checkpoint_rows.h"
#include "tests/e2e/job_testing.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

// All weights of a checkpoint: rows in order of table and key, then dense ones; and the keys.
struct Weights {
  std::vector<Key> keys;
  std::vector<float> values;
};

Weights WeightsOf(FileSystem& files, const std::string& checkpoint) {
  Weights out;
  const auto manifest = worker::ReadManifest(files, checkpoint);
  EXPECT_TRUE(manifest.ok());
  const auto rows = launch::CheckpointRows::Open(files, checkpoint, *manifest);
  EXPECT_TRUE(rows.ok());
  for (uint32_t t = 0; t < (*rows)->tables().size(); ++t) {
    const uint32_t dim = (*rows)->tables()[t].dim;
    const Status status = (*rows)->Visit(t, [&](const ps::ShardRow& row) {
      out.keys.push_back(row.key);
      out.values.insert(out.values.end(), row.weights, row.weights + dim);
      return Status::Ok();
    });
    EXPECT_TRUE(status.ok());
  }
  const auto dense = worker::ReadDenseState(files, checkpoint, *manifest);
  EXPECT_TRUE(dense.ok());
  for (const worker::NamedArray& array : dense->arrays) {
    if (!array.name.starts_with("weight/")) continue;
    out.values.insert(out.values.end(), array.values.begin(), array.values.end());
  }
  return out;
}

// SGD: differences of rounding stay as small as they are; adaptive steps divide them by themselves.
constexpr char kJob[] = R"(
  data { order: SEQUENTIAL epochs: 1 } report { every_steps: 1 }
  table { name: "a" dim: 4 optimizer { sgd { lr: 0.5 } } initializer { normal { stddev: 0.1 } } }
  table { name: "b" dim: 3 optimizer { sgd { lr: 0.5 } } initializer { normal { stddev: 0.1 } } }
  model { optimizer { sgd { lr: 0.5 } } }
  slot { name: "history" table: "b" pooling: WEIGHTED_MEAN } slot { name: "tags" pooling: MEAN })";

class ExpansionTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ExpansionTest, ALogAndItsExpandedTwinTrainTheSameModel) {
  const auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", RichSchema(), 600, 1);
  WriteExpandedLog(*files, "train", "expanded");
  const TrainConfig shared = JobConfig(StrCat(kJob, "objective {", GetParam(), "{} }"));
  TrainConfig expanded = shared;
  expanded.mutable_data()->set_log(0, "expanded");
  expanded.mutable_checkpoint()->set_directory("expanded-ckpt");
  expanded.mutable_report()->set_metrics("expanded.jsonl");
  const Trained a = TrainOn(*files, shared, {.workers = 2});
  const Trained b = TrainOn(*files, expanded, {.workers = 2});
  ASSERT_TRUE(a.status.ok() && b.status.ok()) << a.status.ToString() << b.status.ToString();
  // It is shared in one and expanded in the other.
  EXPECT_LT(2 * a.first().contexts_pooled, b.first().contexts_pooled);
  EXPECT_EQ(a.first().keys_unique, b.first().keys_unique);

  const std::vector<Report> shared_steps = ReadReports(*files, "metrics.jsonl");
  const std::vector<Report> expanded_steps = ReadReports(*files, "expanded.jsonl");
  ASSERT_EQ(shared_steps.size(), expanded_steps.size());
  ASSERT_GE(shared_steps.size(), 4u);
  for (size_t i = 0; i < shared_steps.size(); ++i) {
    const double loss = shared_steps[i].progress().loss();
    EXPECT_NEAR(expanded_steps[i].progress().loss(), loss, 1e-5 * loss) << "step " << i + 1;
  }

  const Weights mine = WeightsOf(*files, a.first().checkpoint);
  const Weights twin = WeightsOf(*files, b.first().checkpoint);
  EXPECT_EQ(mine.keys, twin.keys);
  ASSERT_EQ(mine.values.size(), twin.values.size());
  float largest = 0;
  for (size_t i = 0; i < mine.values.size(); ++i) {
    largest = std::max(largest, std::abs(mine.values[i] - twin.values[i]));
  }
  EXPECT_LT(largest, 2e-5f);  // of weights of order 1
}

INSTANTIATE_TEST_SUITE_P(Objectives, ExpansionTest, ::testing::Values("base", "esmm", "chorus_cvr"),
                         [](const auto& objective) { return std::string(objective.param); });

}  // namespace
}  // namespace chorus::e2e
