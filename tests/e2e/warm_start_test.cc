// A warm start takes what it says from another run, and refuses by name what does not fit.

#include <gtest/gtest.h>

#include <algorithm>

#include "common/config.h"
#include "launch/command/checkpoint_rows.h"
#include "tests/e2e/resume_testing.h"
#include "worker/model/embeddings.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

// Weights by table and key, and the largest count of updates of a row.
struct Rows {
  std::string weights;
  uint32_t largest_count = 0;
};
Rows RowsOf(FileSystem& files, const std::string& checkpoint) {
  Rows out;
  const auto manifest = worker::ReadManifest(files, checkpoint);
  EXPECT_TRUE(manifest.ok());
  const auto rows = launch::CheckpointRows::Open(files, checkpoint, *manifest);
  EXPECT_TRUE(rows.ok());
  for (uint32_t t = 0; t < (*rows)->tables().size(); ++t) {
    const uint32_t dim = (*rows)->tables()[t].dim;
    EXPECT_TRUE((*rows)
                    ->Visit(t,
                            [&](const ps::ShardRow& row) {
                              out.weights.append(reinterpret_cast<const char*>(&row.key), 8);
                              out.weights.append(reinterpret_cast<const char*>(row.weights),
                                                 dim * sizeof(float));
                              out.largest_count = std::max(out.largest_count, row.count);
                              return Status::Ok();
                            })
                    .ok());
  }
  return out;
}

// All that a checkpoint holds of a table's rows.
std::string BytesOfRows(FileSystem& files, const std::string& checkpoint, uint32_t table) {
  std::string out;
  const auto manifest = worker::ReadManifest(files, checkpoint);
  EXPECT_TRUE(manifest.ok());
  const auto rows = launch::CheckpointRows::Open(files, checkpoint, *manifest);
  EXPECT_TRUE(rows.ok());
  const auto& type = (*rows)->tables()[table];
  EXPECT_TRUE((*rows)
                  ->Visit(table,
                          [&](const ps::ShardRow& row) {
                            out.append(reinterpret_cast<const char*>(&row.key), sizeof(row.key));
                            out.append(reinterpret_cast<const char*>(&row.count),
                                       sizeof(row.count));
                            out.append(reinterpret_cast<const char*>(row.weights),
                                       type.dim * sizeof(float));
                            out.append(reinterpret_cast<const char*>(row.state),
                                       type.state_floats * sizeof(float));
                            return Status::Ok();
                          })
                  .ok());
  return out;
}

Result<worker::DenseState> DenseStateOf(FileSystem& files, const std::string& checkpoint) {
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, worker::ReadManifest(files, checkpoint));
  return worker::ReadDenseState(files, checkpoint, manifest);
}

TEST(WarmStartTest, KeepsWeightsAndOptimizerStateOfAnotherRun) {
  const auto files = FilesWithLogs();
  const Trained source = TrainOn(*files, JobConfig(), {.workers = 2, .servers = 2});
  ASSERT_TRUE(source.status.ok());
  const Trained warm =
      TrainOn(*files, StandStill("checkpoint: 'ckpt'"), {.workers = 2, .shards = 3});
  ASSERT_TRUE(warm.status.ok()) << warm.status.ToString();
  EXPECT_EQ(warm.first().steps, 1u);
  const Rows before = RowsOf(*files, source.first().checkpoint);
  const Rows after = RowsOf(*files, warm.first().checkpoint);
  EXPECT_TRUE(after.weights == before.weights);
  EXPECT_GE(after.largest_count, before.largest_count);
  const auto old_dense = DenseStateOf(*files, source.first().checkpoint);
  const auto new_dense = DenseStateOf(*files, warm.first().checkpoint);
  ASSERT_TRUE(old_dense.ok() && new_dense.ok());
  EXPECT_EQ(new_dense->updates, old_dense->updates + 1);
  ASSERT_EQ(new_dense->arrays.size(), old_dense->arrays.size());
  for (size_t i = 0; i < old_dense->arrays.size(); ++i) {
    if (!old_dense->arrays[i].name.starts_with("weight/")) continue;
    EXPECT_EQ(new_dense->arrays[i].values, old_dense->arrays[i].values)
        << old_dense->arrays[i].name;
  }
}

TEST(WarmStartTest, ResetForgetsOptimizerState) {
  const auto files = FilesWithLogs();
  const Trained source = TrainOn(*files, JobConfig(), Layout());
  ASSERT_TRUE(source.status.ok());
  const Trained warm = TrainOn(*files, StandStill("checkpoint: 'ckpt' reset_optimizer: true"),
                               {.servers = 2, .shards = 64});
  ASSERT_TRUE(warm.status.ok()) << warm.status.ToString();
  EXPECT_TRUE(RowsOf(*files, warm.first().checkpoint).weights ==
              RowsOf(*files, source.first().checkpoint).weights);
  const auto dense = DenseStateOf(*files, warm.first().checkpoint);
  ASSERT_TRUE(dense.ok());
  EXPECT_EQ(dense->updates, 1u);
}

TEST(WarmStartTest, GivesTheSameBitsOnAnyLayoutAndSurvivesAResume) {
  const auto files = FilesWithLogs();
  ASSERT_TRUE(TrainOn(*files, JobConfig(), Layout()).status.ok());
  const TrainConfig config = JobConfig(
      "checkpoint { directory: 'w' every_steps: 3 } warm_start { checkpoint: 'ckpt' } step { "
      "pull_ahead: 1 } "
      "seed: 9");
  const Outcome whole = OutcomeOf(*files, config, Layout());
  CopyCheckpoint(*files, "w", 3, "w-cut");
  TrainConfig resumed = config;
  resumed.mutable_checkpoint()->set_directory("w-cut");
  EXPECT_TRUE(OutcomeOf(*files, resumed, kLayouts[0], true).state == whole.state);
}

TEST(WarmStartTest, TheStateOfAnotherOptimizerIsRefusedUnlessReset) {
  const auto files = FilesWithLogs();
  // Equal numbers of floats of state.
  const std::string source =
      "table { name: 'a' dim: 4 optimizer { adagrad {} } } table { name: 'b' dim: 3 } ";
  ASSERT_TRUE(TrainOn(*files, JobConfig(source), Layout()).status.ok());
  const struct {
    std::string text;
    std::string named;
  } changes[] = {
      {"table { name: 'a' dim: 4 optimizer { sgd {} } } table { name: 'b' dim: 3 } ", "table a"},
      {"table { name: 'a' dim: 4 optimizer { ftrl {} } } table { name: 'b' dim: 3 } ", "ftrl"},
      {source + "model { optimizer { adamw {} } } ", "model.optimizer"},
  };
  for (const auto& change : changes) {
    const std::string warm =
        change.text + "checkpoint { directory: 'warm' } warm_start { checkpoint: 'ckpt' } ";
    const Status status = TrainOn(*files, JobConfig(warm), {.workers = 2}).status;
    EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
    EXPECT_NE(status.message().find(change.named), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find("reset_optimizer"), std::string::npos) << status.ToString();
    const TrainConfig reset = JobConfig(warm + "warm_start { reset_optimizer: true }");
    EXPECT_TRUE(TrainOn(*files, reset, Layout()).status.ok());
    ASSERT_TRUE(files->RemoveRecursively("warm").ok());
  }
}

// The schema of "train" without a slot, and with another one.
worker::LogSchema Without(const std::string& name) {
  worker::LogSchema schema = RichSchema();
  std::erase_if(schema.slots, [&](const worker::SlotInfo& slot) { return slot.name == name; });
  return schema;
}
worker::LogSchema WithNewSlot() {
  worker::LogSchema schema = RichSchema();
  worker::SlotInfo slot = schema.slots.back();
  slot.name = slot.key_space = "new";
  schema.slots.insert(schema.slots.begin(), slot);
  return schema;
}

const worker::NamedArray* Find(const worker::DenseState& state, const std::string& name) {
  for (const worker::NamedArray& array : state.arrays) {
    if (array.name == name) return &array;
  }
  return nullptr;
}

// Each input row of a first layer follows its column, wherever that is.
TEST(WarmStartTest, AFeatureMoreOrLessKeepsTheRestOfTheModel) {
  const auto files = FilesWithLogs();
  const Trained source = TrainOn(*files, JobConfig(), Layout());
  ASSERT_TRUE(source.status.ok());
  const auto old_dense = DenseStateOf(*files, source.first().checkpoint);
  ASSERT_TRUE(old_dense.ok());
  const std::string dropped = Without("").slots.back().name;
  for (const auto& [log, schema] : {std::pair{"more", WithNewSlot()}, {"less", Without(dropped)}}) {
    WriteJobLog(*files, log, schema, 300, 3);
    TrainConfig config = StandStill("checkpoint: 'ckpt'");
    config.mutable_data()->set_log(0, log);
    if (std::string(log) == "less") {
      auto* const slots = config.mutable_slot();
      for (int i = slots->size() - 1; i >= 0; --i) {
        if (slots->Get(i).name() == dropped) slots->DeleteSubrange(i, 1);
      }
    }
    const Trained warm = TrainOn(*files, config, {.workers = 2, .servers = 2});
    ASSERT_TRUE(warm.status.ok()) << log << ": " << warm.status.ToString();
    const auto new_dense = DenseStateOf(*files, warm.first().checkpoint);
    ASSERT_TRUE(new_dense.ok());
    size_t same = 0, moved = 0;
    for (const worker::NamedArray& array : old_dense->arrays) {
      if (!array.name.starts_with("weight/")) continue;
      const worker::NamedArray* const now = Find(*new_dense, array.name);
      ASSERT_NE(now, nullptr) << array.name;
      if (now->rows == array.rows) {
        EXPECT_EQ(now->values, array.values) << array.name;
        ++same;
        continue;
      }
      // All rows of the narrower one are in the other.
      const worker::NamedArray& few = now->rows < array.rows ? *now : array;
      const worker::NamedArray& many = now->rows < array.rows ? array : *now;
      for (uint64_t row = 0; row < few.rows; ++row) {
        const auto begin = few.values.begin() + static_cast<int64_t>(row * few.cols);
        bool found = false;
        for (uint64_t other = 0; other < many.rows && !found; ++other) {
          found = std::equal(begin, begin + static_cast<int64_t>(few.cols),
                             many.values.begin() + static_cast<int64_t>(other * many.cols));
        }
        EXPECT_TRUE(found) << array.name << ", row " << row;
      }
      ++moved;
    }
    EXPECT_GT(same, 0u);
    EXPECT_GT(moved, 0u);
    ASSERT_TRUE(files->RemoveRecursively("warm").ok());
  }
}

TEST(WarmStartTest, AnotherMethodAndAnotherDimensionTakeWhatFits) {
  const auto files = FilesWithLogs();
  const Trained source = TrainOn(*files, JobConfig("objective { esmm {} }"), Layout());
  ASSERT_TRUE(source.status.ok());
  const auto old_dense = DenseStateOf(*files, source.first().checkpoint);
  TrainConfig config = StandStill("checkpoint: 'ckpt'");
  config.mutable_objective()->mutable_chorus_cvr();
  config.mutable_table(1)->set_dim(5);
  ASSERT_TRUE(FinishTrainConfig("test", &config).ok());
  const Trained warm = TrainOn(*files, config, {.workers = 2});
  ASSERT_TRUE(warm.status.ok()) << warm.status.ToString();
  const auto new_dense = DenseStateOf(*files, warm.first().checkpoint);
  ASSERT_TRUE(old_dense.ok() && new_dense.ok());
  EXPECT_EQ(Find(*old_dense, "weight/tower.uncvr.logit.bias"), nullptr);
  EXPECT_NE(Find(*new_dense, "weight/tower.uncvr.logit.bias"), nullptr);
  for (const char* const name : {"weight/tower.cvr.logit.weight", "weight/tower.ctr.1.weight"}) {
    ASSERT_NE(Find(*old_dense, name), nullptr);
    EXPECT_EQ(Find(*new_dense, name)->values, Find(*old_dense, name)->values) << name;
  }
}

// Weights of old inputs beside new embeddings are taken; those of new ones begin anew.
TEST(WarmStartTest, TablesOfTowersComeBesideWhatAnotherModelShares) {
  const auto files = FilesWithLogs();
  const Trained source = TrainOn(*files, JobConfig("objective { esmm {} }"), Layout());
  ASSERT_TRUE(source.status.ok());
  const auto old_dense = DenseStateOf(*files, source.first().checkpoint);
  TrainConfig config = StandStill("checkpoint: 'ckpt'");
  config.mutable_slot(0)->set_embedding(SlotConfig::SHARED_AND_OWN);
  config.mutable_objective()->mutable_esmm();
  ASSERT_TRUE(worker::ExpandEmbeddings(&config).ok());
  ASSERT_EQ(config.table_size(), 4);
  const Trained warm = TrainOn(*files, config, {.workers = 2, .servers = 2});
  ASSERT_TRUE(warm.status.ok()) << warm.status.ToString();
  const auto new_dense = DenseStateOf(*files, warm.first().checkpoint);
  ASSERT_TRUE(old_dense.ok() && new_dense.ok());
  for (const char* const name : {"weight/tower.ctr.0.exposure", "weight/tower.cvr.0.exposure"}) {
    const worker::NamedArray* const before = Find(*old_dense, name);
    const worker::NamedArray* const now = Find(*new_dense, name);
    ASSERT_TRUE(before != nullptr && now != nullptr) << name;
    // The slots' rows; those of numeric columns have become another array.
    ASSERT_LT(now->values.size(), before->values.size());
    EXPECT_TRUE(std::equal(now->values.begin(), now->values.end(), before->values.begin()));
  }
  EXPECT_NE(Find(*new_dense, "weight/tower.ctr.0.own-ctr-exposure"), nullptr);
  EXPECT_EQ(Find(*new_dense, "weight/tower.cvr.0.own-ctr-exposure"), nullptr);
}

TEST(WarmStartTest, AFrozenPartThatTheCheckpointLacksIsNamed) {
  const auto files = FilesWithLogs();
  ASSERT_TRUE(TrainOn(*files, JobConfig("objective { esmm {} }"), Layout()).status.ok());
  const TrainConfig config = JobConfig(
      "objective { chorus_cvr {} } model { tower { hidden: [6] } tower { head: 'uncvr' hidden: [5] "
      "trainable: false } } checkpoint { directory: 'warm' } warm_start { checkpoint: 'ckpt' }");
  ::testing::internal::CaptureStderr();
  const Trained warm = TrainOn(*files, config, Layout());
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(warm.status.ok()) << warm.status.ToString();
  const size_t told = log.find("frozen parts keep their random initial values: ");
  ASSERT_NE(told, std::string::npos) << log;
  EXPECT_NE(log.find("weight/tower.uncvr.logit.bias", told), std::string::npos) << log;
}

// Weights, optimizer state, counts and statistics; what is not frozen is trained.
TEST(WarmStartTest, FrozenPartsKeepWhatTheyBroughtBitByBit) {
  const auto files = FilesWithLogs();
  const std::string model =
      "model { batch_norm: true clip_norm: 0.5 optimizer { adamw { lr: 0.01 } } "
      "shared_bottom { hidden: [8] trainable: ";
  const auto job = [&](const std::string& trainable, const std::string& more) {
    return JobConfig(StrCat("table { name: 'a' dim: 4 weight_decay: 0.1 trainable: ", trainable,
                            " } table { name: 'b' dim: 3 } ", model, trainable,
                            " } tower { hidden: [6] } tower { head: 'ctr' hidden: [5] trainable: ",
                            trainable, " } } ", more));
  };
  const Trained source = TrainOn(*files, job("true", ""), {.workers = 2});
  ASSERT_TRUE(source.status.ok()) << source.status.ToString();
  const Trained warm = TrainOn(
      *files,
      job("false", "checkpoint { directory: 'warm' } warm_start { checkpoint: 'ckpt' } seed: 9"),
      {.workers = 3, .servers = 2});
  ASSERT_TRUE(warm.status.ok()) << warm.status.ToString();
  EXPECT_TRUE(BytesOfRows(*files, warm.first().checkpoint, 0) ==
              BytesOfRows(*files, source.first().checkpoint, 0));
  EXPECT_FALSE(BytesOfRows(*files, warm.first().checkpoint, 1) ==
               BytesOfRows(*files, source.first().checkpoint, 1));
  const auto old_dense = DenseStateOf(*files, source.first().checkpoint);
  const auto new_dense = DenseStateOf(*files, warm.first().checkpoint);
  ASSERT_TRUE(old_dense.ok() && new_dense.ok());
  size_t frozen_arrays = 0;
  for (const worker::NamedArray& array : old_dense->arrays) {
    const bool frozen = array.name.find("/tower.ctr.") != std::string::npos ||
                        array.name.find("/bottom.") != std::string::npos;
    const worker::NamedArray* const now = Find(*new_dense, array.name);
    ASSERT_NE(now, nullptr) << array.name;
    if (frozen) {
      EXPECT_TRUE(now->values == array.values) << array.name;
    } else if (array.name.starts_with("weight/") && !array.name.ends_with(".count")) {
      EXPECT_FALSE(now->values == array.values) << array.name;
    }
    frozen_arrays += frozen ? 1 : 0;
  }
  EXPECT_GT(frozen_arrays, 10u);
}

TEST(WarmStartTest, NumericColumnsNormalisedOtherwiseAreRefused) {
  const auto files = FilesWithLogs();
  ASSERT_TRUE(TrainOn(*files, JobConfig(), Layout()).status.ok());
  worker::LogSchema schema = RichSchema();
  ASSERT_FALSE(schema.numerics.empty());
  schema.numerics[0].mean += 1;
  WriteJobLog(*files, "shifted", schema, 200, 3);
  TrainConfig config = JobConfig(
      "checkpoint { directory: 'warm' } warm_start { checkpoint: 'ckpt' reset_optimizer: true }");
  config.mutable_data()->set_log(0, "shifted");
  const Status status = TrainOn(*files, config, {.workers = 2}).status;
  EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
  EXPECT_NE(status.message().find("numeric"), std::string::npos) << status.ToString();
}

TEST(WarmStartTest, AMissingCheckpointIsNamed) {
  const auto files = FilesWithLogs();
  const Status status =
      TrainOn(*files, JobConfig("warm_start { checkpoint: 'nowhere' }"), {.workers = 2}).status;
  EXPECT_EQ(status.code(), Code::kNotFound) << status.ToString();
  EXPECT_NE(status.message().find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace chorus::e2e
