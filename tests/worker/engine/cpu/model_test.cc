#include "worker/engine/cpu/grain_compute.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "common/random.h"
#include "tests/worker/engine/cpu/model_fixture.h"
#include "worker/math/thread_pool.h"

namespace chorus::worker {
namespace {

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
  const Fixture fixture("", ShapeOf({{"cvr", 0}, {"ctr", 1}}, {"cvr", "ctr"}));
  EXPECT_EQ(fixture.model.dims.size(), 4u);
  ExpectMatchesOracle(fixture, fixture.Grain(6, 9, 4));
}
TEST(ModelTest, MatchesTheOracleWithoutContextInputs) {
  const Fixture fixture(
      "slot { name: 'user' ignore: true } slot { name: 'history' ignore: true } "
      "slot { name: 'age' ignore: true }");
  EXPECT_EQ(fixture.model.inputs.contexts.width(), 0);
  ExpectMatchesOracle(fixture, fixture.Grain(7, 10, 3));
}
TEST(ModelTest, MatchesTheOracleWithoutExposureInputs) {
  const Fixture fixture(
      "slot { name: 'item' ignore: true } slot { name: 'tags' ignore: true } "
      "slot { name: 'price' ignore: true }");
  EXPECT_EQ(fixture.model.inputs.exposures.width(), 0);
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
  const std::unique_ptr<Workspace> used = fixture.compute->NewWorkspace();
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
  const auto pool = ThreadPool::Create(3).value();
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
  const auto workspace = fixture.compute->NewWorkspace();
  fixture.Run(fixture.Grain(14, 16, 3), workspace.get());
  fixture.Run(fixture.Grain(15, 12, 5), workspace.get());
  EXPECT_EQ(workspace->counters().grains, 2u);
  EXPECT_EQ(workspace->counters().exposures, 28u);
  EXPECT_EQ(workspace->counters().contexts_pooled, 8u);
}

// Floats between blocks: whoever adds, measures or updates the flat array finds nothing there.
TEST(ModelTest, WhatLiesBetweenBlocksHasNoGradient) {
  const Fixture fixture("model { tower { hidden: 5 hidden: 3 } batch_norm: true }");
  const Gradients got = fixture.Run(fixture.Grain(16, 9, 4));
  std::vector<bool> of_block(got.dense.size());
  for (const ParameterBlock& block : fixture.model.parameters().blocks()) {
    for (int64_t e = 0; e < block.rows * block.cols; ++e) {
      of_block[static_cast<size_t>(block.offset + e / block.cols * block.stride + e % block.cols)] =
          true;
    }
  }
  EXPECT_GT(std::count(of_block.begin(), of_block.end(), false), 100);
  for (size_t i = 0; i < got.dense.size(); ++i) {
    EXPECT_TRUE(of_block[i] || got.dense[i] == 0.0f) << i;
  }
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
  const auto workspace = fixture.compute->NewWorkspace();
  Gradients got = fixture.Run(grain, workspace.get());
  EXPECT_TRUE(fixture.compute->CheckLogits(*workspace).ok());
  EXPECT_TRUE(fixture.compute->CheckInputGradients(*workspace).ok());
  const ParameterBlock& last = fixture.model.parameters().blocks().back();
  fixture.parameters[static_cast<size_t>(last.offset)] = std::numeric_limits<float>::quiet_NaN();
  fixture.Run(grain, workspace.get());
  EXPECT_EQ(fixture.compute->CheckLogits(*workspace).message(),
            "the logit of head \"uncvr\" is not finite in row 0 of the grain");
}

TEST(ModelTest, InitialValuesOfATowerDoNotDependOnItsNeighbours) {
  const Fixture one("", ShapeOf({{"cvr", 0}}));
  const Fixture three("");
  std::vector<float> a(one.parameters.size()), b(three.parameters.size());
  one.model.parameters().Initialize(3, a);
  three.model.parameters().Initialize(3, b);
  for (const ParameterBlock& block : one.model.parameters().blocks()) {
    const auto& blocks = three.model.parameters().blocks();
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

TEST(ModelTest, RefusesTowersThatDoNotFitTheHeads) {
  const auto error = [&](const std::string& text) {
    return Model::Make(TestConfig(text), TestSchema(), ThreeHeads()).status().message();
  };
  EXPECT_EQ(error("model { tower { head: 'x' hidden: 3 } }"),
            "model.tower: the objective has no tower \"x\"; it has [ctr, cvr, uncvr]");
  EXPECT_EQ(error("model { tower { head: 'ctr' } }"),
            "model.tower: head \"cvr\" has no tower; one without a head serves all others");
  EXPECT_EQ(error("model { tower { } tower { } }"), "model.tower: two towers without a head");
}

}  // namespace
}  // namespace chorus::worker
