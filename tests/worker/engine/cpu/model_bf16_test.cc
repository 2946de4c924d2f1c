// Models whose products are computed in bfloat16, with what products alone read in tiles: logits
// near those in float32, which an oracle proves, and gradients near those of the same products
// without tiles. (Near those in float32 they are not: a unit near 0 passes or stops a gradient as a
// whole.)

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "common/strings.h"
#include "tests/worker/engine/cpu/floats_only.h"
#include "tests/worker/engine/cpu/model_fixture.h"
#include "worker/math/bf16_tiles.h"

namespace chorus::worker {
namespace {

struct Bf16Case {
  const char* name;
  const char* config;
  size_t nodes_in_tiles;  // of the first group
};

constexpr Bf16Case kBf16Cases[] = {
    // Both inputs, the first layers of three towers side by side, and two more layers each.
    {"Default", "model { tower { hidden: 40 hidden: 33 hidden: 5 } }", 9},
    {"TowersOfTheirOwn",
     "model { tower { hidden: 35 hidden: 4 } tower { head: 'cvr' hidden: 7 } tower { head: 'uncvr' "
     "hidden: 64 hidden: 64 } }",
     5},
    {"SharedBottom", "model { shared_bottom { hidden: 36 hidden: 20 } tower { hidden: 9 } }", 5},
    {"LogisticRegression", "model { tower { } }", 0},
    {"WideLogits", "model { tower { hidden: 9 wide: 'inputs' } }", 0},
    {"BatchNorm", "model { batch_norm: true tower { hidden: 9 hidden: 8 } }", 2},
    {"Experts",
     "model { encoder { name: 'mix' mmoe { experts: 2 hidden: 8 hidden: 7 } } "
     "tower { hidden: 6 input: 'mix' } }",
     6},
    {"ContextTower",
     "model { encoder { name: 'of_context' input: 'contexts' mlp { hidden: 34 hidden: 18 } } "
     "tower { hidden: 6 hidden: 5 input: 'of_context' input: 'exposures' } }",
     8},
    {"NoContexts",
     "slot { name: 'user' ignore: true } slot { name: 'history' ignore: true } "
     "slot { name: 'age' ignore: true } model { tower { hidden: 9 } }",
     2},
};

size_t NodesInTiles(const Fixture& fixture) {
  size_t count = 0;
  for (const Node& node : fixture.model.network.groups[0].graph.nodes()) {
    count += node.tile_parts.empty() ? 0 : 1;
  }
  return count;
}

// |a - b| / |b|
double Distance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    size += double{b[i]} * b[i];
  }
  return std::sqrt(difference / std::max(size, 1e-30));
}

class ModelBf16Test : public ::testing::TestWithParam<Bf16Case> {
 protected:
  void SetUp() override {
    if (Bf16KernelsFor(ComputeConfig::NATIVE) == nullptr) {
      GTEST_SKIP() << "this CPU has neither AMX nor AVX512-BF16";
    }
  }
};

// Grains of one panel of rows, of several with a part of one at the end, and of whole ones.
constexpr uint32_t kGrainRows[] = {16, 40, 72, 64};

TEST_P(ModelBf16Test, IsNearTheModelWithoutTiles) {
  for (const uint32_t rows : kGrainRows) {
    const Fixture exact(GetParam().config, ThreeHeads(), ComputeConfig::FP32, rows);
    const Fixture tiles(GetParam().config, ThreeHeads(), ComputeConfig::BF16, rows);
    Fixture floats(GetParam().config, ThreeHeads(), ComputeConfig::BF16, rows);
    floats.backend = std::make_unique<FloatsOnly>(std::move(floats.backend));
    floats.compute =
        GrainCompute::Create(floats.config, floats.model, floats.shape, floats.backend.get());
    for (const auto& [exposures, contexts] :
         {std::pair(rows, rows / 3), {rows - 3, rows - 3}, {rows / 2 + 1, 1u}, {1u, 1u}}) {
      SCOPED_TRACE(StrCat(rows, " rows, ", exposures, " exposures, ", contexts, " contexts"));
      const TestGrain grain = exact.Grain(exposures, exposures, contexts);
      const Gradients got = tiles.Run(grain), expected = floats.Run(grain);
      // A number is off by 2^-9 of itself at most where it is rounded.
      EXPECT_LT(Distance(got.logits, exact.Run(grain).logits), 0.02);
      EXPECT_LT(Distance(got.logits, expected.logits), 0.005);
      // Of sums, whose terms cancel in part, by more.
      EXPECT_LT(Distance(got.dense, expected.dense), 0.02);
      for (size_t t = 0; t < expected.sparse.size(); ++t) {
        EXPECT_EQ(got.sparse[t].positions, expected.sparse[t].positions);
        EXPECT_LT(Distance(got.sparse[t].gradients, expected.sparse[t].gradients), 0.02);
      }
    }
  }
}

TEST_P(ModelBf16Test, WeightsThatWereBroughtIntoTilesBeforeGiveTheSameBits) {
  const Fixture fixture(GetParam().config, ThreeHeads(), ComputeConfig::BF16, 40);
  const TestGrain grain = fixture.Grain(3, 37, 9);
  const Gradients expected = fixture.Run(grain);
  const float other = 0;
  ASSERT_TRUE(fixture.backend->UseWeights(&other, 1).ok());
  ExpectSameBits(fixture.Run(grain), expected);
}

TEST_P(ModelBf16Test, WhatAWorkspaceComputedBeforeLeavesNoTrace) {
  for (const uint32_t rows : kGrainRows) {
    const Fixture fixture(GetParam().config, ThreeHeads(), ComputeConfig::BF16, rows);
    const std::unique_ptr<Workspace> used = fixture.compute->NewWorkspace();
    TestGrain poisoned = fixture.Grain(11, rows, rows);
    for (auto& table : poisoned.embeddings) {
      std::fill(table.begin(), table.end(), std::numeric_limits<float>::infinity());
    }
    fixture.Run(poisoned, used.get());
    for (const TestGrain& small :
         {fixture.Grain(10, rows / 2 + 1, rows / 3), fixture.Grain(12, 0, 0)}) {
      ExpectSameBits(fixture.Run(small, used.get()), fixture.Run(small));
    }
  }
}

TEST_P(ModelBf16Test, KeepsInTilesWhatProductsAloneRead) {
  EXPECT_EQ(NodesInTiles(Fixture(GetParam().config)), GetParam().nodes_in_tiles);
}

INSTANTIATE_TEST_SUITE_P(All, ModelBf16Test, ::testing::ValuesIn(kBf16Cases),
                         [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace chorus::worker
