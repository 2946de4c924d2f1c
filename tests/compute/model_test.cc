#include "worker/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/random.h"
#include "tests/compute/world.h"
#include "worker/thread_pool.h"

namespace chorus::worker {
namespace {

MethodShape ShapeOf(const std::vector<Head>& heads, const std::vector<std::string>& groups) {
  MethodShape shape;
  for (const std::string& group : groups) shape.groups.push_back({group});
  shape.heads = heads;
  return shape;
}

const std::vector<Head> kThreeHeads = {{"ctr", 0}, {"cvr", 0}, {"uncvr", 0}};
const std::vector<Head> kTwoGroupHeads = {{"cvr", 0}, {"ctr", 1}};

struct Gradients {
  std::vector<float> logits;
  std::vector<float> dense;
  std::vector<SparseGradient> sparse;
};

class Fixture {
 public:
  explicit Fixture(const std::string& config_text, std::vector<Head> all_heads = kThreeHeads,
                   std::vector<std::string> all_groups = {"main"})
      : config(TestConfig(config_text)), heads(all_heads), groups(all_groups) {
    backend = std::move(NewCpuBackend(ComputeConfig::NATIVE)).value();
    model = std::move(Model::Create(config, TestSchema(), ShapeOf(heads, groups), backend.get()))
                .value();
    for (size_t group = 0; group < groups.size(); ++group) {
      for (const TableConfig& table : config.table()) dims.push_back(table.dim());
    }
    // Every block random, biases and logits too.
    parameters = RandomFloats(model->parameters().size(), 5, 0.7f);
  }

  TestGrain Grain(uint64_t seed, uint32_t exposures, uint32_t contexts) const {
    return MakeGrain(*model, dims, seed, exposures, contexts);
  }
  std::vector<float> Factors(uint32_t rows) const {
    return RandomFloats(rows * static_cast<int64_t>(heads.size()), 11, 1.0f);
  }

  Gradients Run(const TestGrain& grain, Workspace* workspace) const {
    Gradients out;
    EXPECT_TRUE(model->Forward(grain.input(), parameters, workspace).ok());
    const MatrixView<const float> logits = workspace->logits();
    out.logits.assign(logits.data, logits.data + logits.rows * logits.cols);
    const std::vector<float> factors = Factors(grain.batch.rows());
    std::copy(factors.begin(), factors.end(), workspace->dlogits().data);
    out.dense.assign(parameters.size(), std::numeric_limits<float>::quiet_NaN());
    EXPECT_TRUE(model->Backward(grain.input(), parameters, workspace, out.dense, &out.sparse).ok());
    return out;
  }
  Gradients Run(const TestGrain& grain) const { return Run(grain, model->NewWorkspace().get()); }

  TrainConfig config;
  std::vector<Head> heads;
  std::vector<std::string> groups;
  std::vector<uint32_t> dims;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Model> model;
  std::vector<float> parameters;
};

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void ExpectSameBits(const Gradients& a, const Gradients& b) {
  EXPECT_TRUE(SameBits(a.logits, b.logits));
  EXPECT_TRUE(SameBits(a.dense, b.dense));
  ASSERT_EQ(a.sparse.size(), b.sparse.size());
  for (size_t t = 0; t < a.sparse.size(); ++t) {
    EXPECT_EQ(a.sparse[t].positions, b.sparse[t].positions);
    EXPECT_TRUE(SameBits(a.sparse[t].gradients, b.sparse[t].gradients));
  }
}

std::vector<double> Doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

// Logits against the oracle; every gradient against its central differences. Float sums of a
// hundred terms of size one err by about 1e-6; the differences' own error is 1e-9.
void ExpectMatchesOracle(const Fixture& fixture, const TestGrain& grain) {
  const Gradients got = fixture.Run(grain);
  const Oracle oracle(fixture.config, *fixture.model, fixture.heads, fixture.groups);
  std::vector<double> parameters = Doubles(fixture.parameters);
  std::vector<std::vector<double>> embeddings;
  for (const auto& table : grain.embeddings) embeddings.push_back(Doubles(table));
  const std::vector<double> factors = Doubles(fixture.Factors(grain.batch.rows()));
  const auto heads = static_cast<uint32_t>(fixture.heads.size());
  for (uint32_t i = 0; i < grain.batch.rows(); ++i) {
    for (uint32_t h = 0; h < heads; ++h) {
      EXPECT_NEAR(got.logits[i * heads + h], oracle.Logit(grain, parameters, embeddings, i, h),
                  2e-5);
    }
  }
  const auto difference = [&](double& variable) {
    constexpr double kStep = 1e-6;
    const double at = variable;
    variable = at + kStep;
    const double above = oracle.Total(grain, parameters, embeddings, factors);
    variable = at - kStep;
    const double below = oracle.Total(grain, parameters, embeddings, factors);
    variable = at;
    return (above - below) / (2 * kStep);
  };
  for (size_t p = 0; p < parameters.size(); ++p) {
    ASSERT_NEAR(got.dense[p], difference(parameters[p]), 1e-4) << "parameter " << p;
  }
  for (size_t t = 0; t < embeddings.size(); ++t) {
    const std::vector<uint32_t>& positions = got.sparse[t].positions;
    ASSERT_TRUE(std::is_sorted(positions.begin(), positions.end()));
    for (size_t v = 0; v < embeddings[t].size(); ++v) {
      const auto found =
          std::find(positions.begin(), positions.end(), static_cast<uint32_t>(v / fixture.dims[t]));
      const size_t rank = static_cast<size_t>(found - positions.begin());
      const float gradient =
          found == positions.end()
              ? 0.0f
              : got.sparse[t].gradients[rank * fixture.dims[t] + v % fixture.dims[t]];
      ASSERT_NEAR(gradient, difference(embeddings[t][v]), 1e-4) << "table " << t << " value " << v;
    }
  }
}

TEST(ModelTest, MatchesTheOracleWithManyContexts) {
  const Fixture fixture("");
  ExpectMatchesOracle(fixture, fixture.Grain(1, 13, 9));
}
TEST(ModelTest, MatchesTheOracleWithOneContext) {
  const Fixture fixture("");
  ExpectMatchesOracle(fixture, fixture.Grain(2, 16, 1));
}
TEST(ModelTest, MatchesTheOracleWithASharedBottom) {
  const Fixture fixture(
      "model { shared_bottom { hidden: 6 hidden: 5 } tower { hidden: 4 hidden: 3 } "
      "tower { head: 'uncvr' } }");
  ExpectMatchesOracle(fixture, fixture.Grain(3, 11, 4));
}
TEST(ModelTest, MatchesTheOracleWithTowersOfTheirOwn) {
  const Fixture fixture(
      "model { tower { hidden: 5 hidden: 4 hidden: 3 } tower { head: 'cvr' hidden: 7 } "
      "tower { head: 'uncvr' } }");
  ExpectMatchesOracle(fixture, fixture.Grain(4, 12, 5));
}
TEST(ModelTest, MatchesTheOracleAsALogisticRegression) {
  const Fixture fixture("model { tower { } }");
  ExpectMatchesOracle(fixture, fixture.Grain(5, 10, 3));
}
TEST(ModelTest, MatchesTheOracleWithTwoEmbeddingGroups) {
  const Fixture fixture("", kTwoGroupHeads, {"cvr", "ctr"});
  EXPECT_EQ(fixture.model->table_instances(), 4u);
  ExpectMatchesOracle(fixture, fixture.Grain(6, 9, 4));
}
TEST(ModelTest, MatchesTheOracleWithoutContextInputs) {
  const Fixture fixture(
      "slot { name: 'user' ignore: true } slot { name: 'history' ignore: true } "
      "slot { name: 'age' ignore: true }");
  EXPECT_EQ(fixture.model->inputs().contexts.width(), 0);
  ExpectMatchesOracle(fixture, fixture.Grain(7, 10, 3));
}
TEST(ModelTest, MatchesTheOracleWithoutExposureInputs) {
  const Fixture fixture(
      "slot { name: 'item' ignore: true } slot { name: 'tags' ignore: true } "
      "slot { name: 'price' ignore: true }");
  EXPECT_EQ(fixture.model->inputs().exposures.width(), 0);
  ExpectMatchesOracle(fixture, fixture.Grain(8, 10, 3));
}

// Equal up to the order in which exposures of a context are summed: n terms of size one, each sum
// off by at most n ulp; 1e-5 is a wide bound for 16.
TEST(ModelTest, ABatchAndItsExpansionAgree) {
  const Fixture fixture("");
  const TestGrain grain = fixture.Grain(9, 16, 3);
  const Gradients shared = fixture.Run(grain);
  const Gradients joined = fixture.Run(Expanded(grain, fixture.dims));
  for (size_t i = 0; i < shared.logits.size(); ++i) {
    EXPECT_NEAR(shared.logits[i], joined.logits[i], 1e-5);
  }
  for (size_t i = 0; i < shared.dense.size(); ++i) {
    EXPECT_NEAR(shared.dense[i], joined.dense[i], 1e-5);
  }
  for (size_t t = 0; t < shared.sparse.size(); ++t) {
    ASSERT_EQ(shared.sparse[t].positions, joined.sparse[t].positions);
    for (size_t i = 0; i < shared.sparse[t].gradients.size(); ++i) {
      EXPECT_NEAR(shared.sparse[t].gradients[i], joined.sparse[t].gradients[i], 1e-5);
    }
  }
}

TEST(ModelTest, WhatAWorkspaceComputedBeforeLeavesNoTrace) {
  const Fixture fixture("model { shared_bottom { hidden: 6 } tower { hidden: 4 hidden: 3 } }");
  const TestGrain small = fixture.Grain(10, 5, 2);
  const std::unique_ptr<Workspace> used = fixture.model->NewWorkspace();
  TestGrain poisoned = fixture.Grain(11, 16, 16);
  for (auto& table : poisoned.embeddings) {
    std::fill(table.begin(), table.end(), std::numeric_limits<float>::infinity());
  }
  fixture.Run(poisoned, used.get());
  ExpectSameBits(fixture.Run(small, used.get()), fixture.Run(small));
}

TEST(ModelTest, AGrainHasTheSameBitsOnEveryThread) {
  const Fixture fixture("");
  const TestGrain grain = fixture.Grain(12, 16, 7);
  const Gradients expected = fixture.Run(grain);
  const auto pool = ThreadPool::Create(3);
  std::vector<Gradients> results(12);
  ASSERT_TRUE(pool->ParallelFor(12,
                                [&](uint32_t i, uint32_t) {
                                  results[i] = fixture.Run(grain);
                                  return Status::Ok();
                                })
                  .ok());
  for (const Gradients& result : results) ExpectSameBits(expected, result);
}

TEST(ModelTest, AKeysGradientDoesNotDependOnItsPosition) {
  const Fixture fixture("");
  const TestGrain grain = fixture.Grain(13, 16, 7);
  std::vector<std::vector<uint32_t>> renumber;
  for (uint32_t keys : grain.key_count) {
    renumber.push_back(RandomPermutation(keys, 3, RandomPurpose::kTest, 1, keys));
  }
  const Gradients a = fixture.Run(grain);
  const Gradients b = fixture.Run(Renumbered(grain, fixture.dims, renumber));
  EXPECT_TRUE(SameBits(a.logits, b.logits));
  EXPECT_TRUE(SameBits(a.dense, b.dense));
  for (size_t t = 0; t < a.sparse.size(); ++t) {
    const uint32_t dim = fixture.dims[t];
    ASSERT_EQ(a.sparse[t].positions.size(), b.sparse[t].positions.size());
    for (size_t i = 0; i < a.sparse[t].positions.size(); ++i) {
      const auto& positions = b.sparse[t].positions;
      const uint32_t moved = renumber[t][a.sparse[t].positions[i]];
      const auto j = static_cast<size_t>(
          std::lower_bound(positions.begin(), positions.end(), moved) - positions.begin());
      ASSERT_LT(j, positions.size());
      EXPECT_EQ(0, std::memcmp(&a.sparse[t].gradients[i * dim], &b.sparse[t].gradients[j * dim],
                               dim * sizeof(float)));
    }
  }
}

TEST(ModelTest, PoolsEveryContextOncePerGrain) {
  const Fixture fixture("");
  const auto workspace = fixture.model->NewWorkspace();
  fixture.Run(fixture.Grain(14, 16, 3), workspace.get());
  fixture.Run(fixture.Grain(15, 12, 5), workspace.get());
  EXPECT_EQ(workspace->counters().grains, 2u);
  EXPECT_EQ(workspace->counters().exposures, 28u);
  EXPECT_EQ(workspace->counters().contexts_pooled, 8u);
}

TEST(ModelTest, AnEmptyGrainHasZeroGradients) {
  const Fixture fixture("");
  const Gradients got = fixture.Run(fixture.Grain(16, 0, 0));
  EXPECT_TRUE(got.logits.empty());
  for (float g : got.dense) EXPECT_EQ(g, 0.0f);
  for (const SparseGradient& table : got.sparse) EXPECT_TRUE(table.positions.empty());
}

TEST(ModelTest, NamesWhatIsNotFinite) {
  Fixture fixture("");
  TestGrain grain = fixture.Grain(17, 16, 5);
  const auto workspace = fixture.model->NewWorkspace();
  Gradients got = fixture.Run(grain, workspace.get());
  EXPECT_TRUE(fixture.model->CheckLogits(*workspace).ok());
  EXPECT_TRUE(fixture.model->CheckGradients(*workspace, got.dense).ok());
  got.dense.back() = std::numeric_limits<float>::infinity();
  EXPECT_EQ(fixture.model->CheckGradients(*workspace, got.dense).message(),
            "the gradient of tower.uncvr.logit.bias is not finite");
  const ParameterBlock& last = fixture.model->parameters().blocks().back();
  fixture.parameters[static_cast<size_t>(last.offset)] = std::numeric_limits<float>::quiet_NaN();
  fixture.Run(grain, workspace.get());
  EXPECT_EQ(fixture.model->CheckLogits(*workspace).message(),
            "the logit of head \"uncvr\" is not finite in row 0 of the grain");
}

TEST(ModelTest, InitialValuesOfATowerDoNotDependOnItsNeighbours) {
  const Fixture one("", {{"cvr", 0}});
  const Fixture three("");
  std::vector<float> a(one.parameters.size()), b(three.parameters.size());
  one.model->parameters().Initialize(3, a);
  three.model->parameters().Initialize(3, b);
  for (const ParameterBlock& block : one.model->parameters().blocks()) {
    const auto& blocks = three.model->parameters().blocks();
    const auto same = std::find_if(blocks.begin(), blocks.end(), [&](const ParameterBlock& other) {
      return other.name == block.name;
    });
    ASSERT_NE(same, blocks.end());
    const bool is_logit_or_bias = block.fan_in == 0;
    for (int64_t i = 0; i < block.rows; ++i) {
      for (int64_t j = 0; j < block.cols; ++j) {
        const float value = a[static_cast<size_t>(block.offset + i * block.stride + j)];
        EXPECT_EQ(value, b[static_cast<size_t>(same->offset + i * same->stride + j)]);
        EXPECT_EQ(value == 0.0f, is_logit_or_bias);
      }
    }
  }
}

TEST(ModelTest, PaddedContextsAreFewSizes) {
  EXPECT_EQ(PaddedContexts(0, 512), 0);
  EXPECT_EQ(PaddedContexts(1, 512), 8);
  EXPECT_EQ(PaddedContexts(9, 512), 12);
  EXPECT_EQ(PaddedContexts(13, 512), 16);
  EXPECT_EQ(PaddedContexts(33, 512), 48);
  EXPECT_EQ(PaddedContexts(500, 510), 510);
}

TEST(ModelTest, RefusesTowersThatDoNotFitTheHeads) {
  const auto backend = std::move(NewCpuBackend(ComputeConfig::NATIVE)).value();
  const auto error = [&](const std::string& text) {
    return Model::Create(TestConfig(text), TestSchema(), ShapeOf(kThreeHeads, {"main"}),
                         backend.get())
        .status()
        .message();
  };
  EXPECT_EQ(error("model { tower { head: 'x' hidden: 3 } }"),
            "model.tower: the objective has no head \"x\"; it has [ctr, cvr, uncvr]");
  EXPECT_EQ(error("model { tower { head: 'ctr' } }"),
            "model.tower: head \"cvr\" has no tower; one without a head serves all others");
  EXPECT_EQ(error("model { tower { } tower { } }"), "model.tower: two towers without a head");
}

}  // namespace
}  // namespace chorus::worker
