// Tables against std::unordered_map, optimizers against plain double loops.

#include "ps/table.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <unordered_map>

#include "common/random.h"
#include "common/strings.h"
#include "ps/row_updater.h"
#include "tests/ps/test_tables.h"

namespace chorus::ps::testing {
namespace {

TEST(TableTest, HoldsEveryKeyLikeAMap) {
  const TableType type(kSeed, TestTables()[0]);
  MemoryBudget budget(0);
  Table table(&type, &budget);
  std::unordered_map<Key, uint32_t> oracle;
  std::vector<Key> keys = {0, ~0ull, 1, 1ull << 63};
  for (uint32_t round = 0; round < 40; ++round) {
    std::vector<uint32_t> rows(keys.size());
    std::vector<float> weights(keys.size() * 5);
    ASSERT_TRUE(table.LookUp(keys, rows.data(), weights.data()).ok());
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto [at, fresh] = oracle.emplace(keys[i], rows[i]);
      EXPECT_EQ(at->second, rows[i]);
      EXPECT_EQ(table.row(rows[i])->key, keys[i]);
      float expected[5];
      type.initializer.Fill(keys[i], expected);
      EXPECT_EQ(0, memcmp(expected, weights.data() + i * 5, sizeof(expected)));
    }
    keys.clear();
    for (uint32_t i = 0; i < 500; ++i) {
      keys.push_back(ToBelow(Random(kSeed, RandomPurpose::kTest, round, i), 12000) *
                     (round % 2 ? 1 : 64));
    }
  }
  EXPECT_EQ(table.size(), oracle.size());
  EXPECT_GT(budget.used_bytes(), table.size() * 64);
  table.Clear();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(TableTest, LargeTablesOfAnyTurnKeepTheirRows) {
  const TableType type(kSeed, TestTables()[0]);
  for (const uint32_t turn : {0u, 1u, 63u, 64u}) {
    MemoryBudget budget(0);
    Table table(&type, &budget, turn);
    constexpr Key kKeys = 70000;  // several slabs of more than a huge page
    for (Key key = 0; key < kKeys; ++key) {
      RowHeader* const row = table.FindOrCreate(key);
      ASSERT_NE(row, nullptr);
      row->weights()[0] = static_cast<float>(key);
      row->weights()[type.layout.floats() - 1] = -static_cast<float>(key);
    }
    for (Key key = 0; key < kKeys; ++key) {
      RowHeader* const row = table.FindOrCreate(key);
      ASSERT_EQ(row->key, key);
      ASSERT_EQ(row->weights()[0], static_cast<float>(key));
      ASSERT_EQ(row->weights()[type.layout.floats() - 1], -static_cast<float>(key));
    }
    EXPECT_EQ(table.size(), kKeys);
  }
}

TEST(TableTest, ReadingCreatesNoRow) {
  const TableType type(kSeed, TestTables()[0]);
  MemoryBudget budget(0);
  Table table(&type, &budget);
  const std::vector<Key> keys = {1, 2, 3};
  std::vector<float> weights(keys.size() * 5);
  std::vector<uint8_t> seen(keys.size(), 1);
  table.Read(keys, weights.data(), seen.data());
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(seen, (std::vector<uint8_t>{0, 0, 0}));
}

TEST(TableTest, InitialValuesDependOnSeedTableAndKeyOnly) {
  const TableType a(kSeed, TestTables()[0]);
  const TableType other_seed(kSeed + 1, TestTables()[0]);
  float first[5], second[5];
  a.initializer.Fill(42, first);
  other_seed.initializer.Fill(42, second);
  EXPECT_NE(first[0], second[0]);
  double sum = 0, squares = 0;
  for (Key key = 0; key < 4000; ++key) {
    a.initializer.Fill(key, first);
    for (float w : first) sum += w, squares += double{w} * w;
  }
  EXPECT_NEAR(sum / 20000, 0, 4e-4);
  EXPECT_NEAR(std::sqrt(squares / 20000), 0.01, 3e-4);
}

// Trains one row by the updater and by a double loop; a, b: the initial state.
void ExpectFollows(
    TableConfig config,
    const std::function<void(double g, int t, double* w, double* a, double* b)>& step, double a,
    double b, double tolerance) {
  constexpr uint32_t kDim = 7;
  config.set_dim(kDim);
  const TableType type(kSeed, Complete(config));
  MemoryBudget budget(0);
  Table table(&type, &budget);
  RowHeader* const row = table.FindOrCreate(9);
  std::vector<double> w(row->weights(), row->weights() + kDim), first(kDim, a), second(kDim, b);
  if (config.optimizer().has_ftrl()) {
    for (uint32_t i = 0; i < kDim; ++i) first[i] = row->weights()[kDim + i];
  }
  RowUpdater updater(&type);
  for (int t = 1; t <= 1500; ++t) {
    std::vector<float> g(kDim);
    for (uint32_t i = 0; i < kDim; ++i) {
      g[i] = static_cast<float>(ToUniform(Random(kSeed, RandomPurpose::kTest, t, i)) - 0.4);
      step(g[i], t, &w[i], &first[i], &second[i]);
    }
    updater.BeginStep(static_cast<uint64_t>(t), 1.0f);
    ASSERT_TRUE(updater.Apply(row, g.data()));
  }
  EXPECT_EQ(row->count, 1500u);
  EXPECT_EQ(row->last_step, 1500u);
  for (uint32_t i = 0; i < kDim; ++i)
    EXPECT_NEAR(row->weights()[i], w[i], tolerance * (1 + std::abs(w[i])));
}

TEST(OptimizerTest, SgdFollowsTheDoubleLoop) {
  TableConfig config;
  config.mutable_optimizer()->mutable_sgd()->set_lr(0.01);
  ExpectFollows(
      config, [](double g, int, double* w, double*, double*) { *w -= 0.01 * g; }, 0, 0, 1e-5);
}

TEST(OptimizerTest, AdagradFollowsTheDoubleLoop) {
  TableConfig config;
  config.mutable_optimizer()->mutable_adagrad()->set_lr(0.05);
  ExpectFollows(
      config,
      [](double g, int, double* w, double* s, double*) {
        *s += g * g;
        *w -= 0.05 * g / (std::sqrt(*s) + 1e-10);
      },
      0.1, 0, 1e-5);
}

TEST(OptimizerTest, AdamFollowsTheDoubleLoopPastTheCachedCorrections) {
  TableConfig config;
  config.mutable_optimizer()->mutable_adam()->set_lr(0.002);
  ExpectFollows(
      config,
      [](double g, int t, double* w, double* m, double* v) {
        *m = 0.9 * *m + 0.1 * g;
        *v = 0.999 * *v + 0.001 * g * g;
        const double m_hat = *m / (1 - std::pow(0.9, t));
        const double v_hat = *v / (1 - std::pow(0.999, t));
        *w -= 0.002 * m_hat / (std::sqrt(v_hat) + 1e-8);
      },
      0, 0, 1e-4);
}

TEST(OptimizerTest, FtrlFollowsTheDoubleLoop) {
  TableConfig config;
  FtrlConfig* const ftrl = config.mutable_optimizer()->mutable_ftrl();
  ftrl->set_alpha(0.1);
  ftrl->set_l1(0.5);
  ftrl->set_l2(0.1);
  ExpectFollows(
      config,
      [](double g, int, double* w, double* z, double* n) {
        const double sigma = (std::sqrt(*n + g * g) - std::sqrt(*n)) / 0.1;
        *z += g - sigma * *w;
        *n += g * g;
        *w = std::abs(*z) <= 0.5
                 ? 0
                 : -(*z - std::copysign(0.5, *z)) / ((1 + std::sqrt(*n)) / 0.1 + 0.1);
      },
      0, 0, 2e-4);
}

TEST(OptimizerTest, RowwiseAdagradSharesOneAccumulatorARow) {
  TableConfig config;
  config.set_dim(2);
  config.mutable_optimizer()->mutable_rowwise_adagrad()->set_lr(0.1);
  const TableType type(kSeed, Complete(config));
  EXPECT_EQ(type.layout.state_floats, 1u);
  MemoryBudget budget(0);
  Table table(&type, &budget);
  RowHeader* const row = table.FindOrCreate(1);
  const float before[2] = {row->weights()[0], row->weights()[1]};
  RowUpdater updater(&type);
  updater.BeginStep(1, 1.0f);
  const float g[2] = {3, 4};
  EXPECT_TRUE(updater.Apply(row, g));
  EXPECT_NEAR(row->weights()[2], 0.1 + 12.5, 1e-5);
  for (int i = 0; i < 2; ++i)
    EXPECT_NEAR(before[i] - row->weights()[i], 0.1 * g[i] / std::sqrt(12.6), 1e-6);
}

TEST(OptimizerTest, AnUpdateSaysWhenWeightsOrStateStopBeingFinite) {
  for (const char* const optimizer :
       {"sgd { lr: 1e30 }", "adagrad { }", "rowwise_adagrad { }", "adam { }", "ftrl { }"}) {
    TableConfig config;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        StrCat("optimizer { ", optimizer, " }"), &config));
    config.set_dim(33);  // the bad element is behind those that are computed several at once
    const TableType type(kSeed, Complete(config));
    MemoryBudget budget(0);
    Table table(&type, &budget);
    RowUpdater updater(&type);
    updater.BeginStep(1, 1.0f);
    std::vector<float> g(33, 0.5f);
    EXPECT_TRUE(updater.Apply(table.FindOrCreate(1), g.data())) << optimizer;
    g[32] = 1e25f;  // finite, but its square is not
    EXPECT_FALSE(updater.Apply(table.FindOrCreate(2), g.data())) << optimizer;
  }
}

TEST(OptimizerTest, ClipComesBeforeWeightDecay) {
  TableConfig config;
  config.set_dim(2);
  config.mutable_optimizer()->mutable_sgd()->set_lr(1);
  config.mutable_initializer()->mutable_constant()->set_value(2);
  config.set_clip_norm(1);
  config.set_weight_decay(0.5);
  const TableType type(kSeed, Complete(config));
  MemoryBudget budget(0);
  Table table(&type, &budget);
  RowHeader* const row = table.FindOrCreate(1);
  RowUpdater updater(&type);
  updater.BeginStep(1, 1.0f);
  const float g[2] = {3, 4};
  EXPECT_TRUE(updater.Apply(row, g));
  EXPECT_NEAR(row->weights()[0], 2 - (0.6 + 1), 1e-6);
  EXPECT_NEAR(row->weights()[1], 2 - (0.8 + 1), 1e-6);
}

}  // namespace
}  // namespace chorus::ps::testing
