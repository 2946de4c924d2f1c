// Slots that are of another kind in the new log than where a model was trained: what layers know of
// them is not taken, and is listed; a column that only changed its side is taken, and is listed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config.h"
#include "tests/worker/model/test_config.h"
#include "worker/log/manifest_schema.h"
#include "worker/model/embeddings.h"
#include "worker/train/warm_fit.h"

namespace chorus::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Contexts: slots user (dim 3) and history (dim 2), numeric age. Exposures: item, tags, price.
class WarmKindsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = TestConfig("");
    ASSERT_TRUE(FinishTrainConfig("test", &config_).ok());
    ASSERT_TRUE(ExpandEmbeddings(&config_).ok());
  }

  SlotInfo& Slot(const std::string& name) {
    for (SlotInfo& info : here_.slots) {
      if (info.name == name) return info;
    }
    ADD_FAILURE() << name;
    return here_.slots.front();
  }

  // From a model of TestSchema(), whose first layer of contexts is 1, 2, ... 6.
  WarmFit Fit(std::vector<NamedArray> there = {}, std::vector<NamedArray> fresh = {}) {
    CheckpointManifest manifest;
    *manifest.mutable_config() = config_;
    SchemaToManifest(TestSchema(), &manifest);
    there.push_back({kContexts, 6, 1, {1, 2, 3, 4, 5, 6}});
    fresh.push_back({kContexts, 6, 1, {0, 0, 0, 0, 0, 0}});
    const auto inputs = InputLayout::Make(config_, here_);
    EXPECT_TRUE(inputs.ok()) << inputs.status().ToString();
    auto fit = FitState({1, 1, std::move(there)}, manifest, config_, {}, here_, *inputs,
                        {0, 0, std::move(fresh)});
    EXPECT_TRUE(fit.ok()) << fit.status().ToString();
    return std::move(fit).value();
  }

  const std::string kContexts = "weight/tower.ctr.0.context";
  TrainConfig config_;
  LogSchema here_ = TestSchema();
};

TEST_F(WarmKindsTest, TheSameKindsAreTakenWithoutAWord) {
  const WarmFit fit = Fit();
  EXPECT_THAT(fit.taken, ElementsAre(kContexts));
  EXPECT_THAT(fit.begin_new, IsEmpty());
  EXPECT_THAT(fit.moved, IsEmpty());
  EXPECT_THAT(fit.left, IsEmpty());
}

TEST_F(WarmKindsTest, RowsOfASlotOfAnotherKindBeginAnewAndAreListed) {
  Slot("history").multi_valued = !Slot("history").multi_valued;
  const WarmFit fit = Fit();
  EXPECT_THAT(fit.taken, IsEmpty());
  EXPECT_THAT(fit.partly, ElementsAre(kContexts));
  EXPECT_THAT(fit.state.arrays[0].values, ElementsAre(1, 2, 3, 0, 0, 6));
  ASSERT_EQ(fit.begin_new.size(), 1u);
  EXPECT_THAT(fit.begin_new[0], HasSubstr("slot history (multi-valued"));
  EXPECT_THAT(fit.begin_new[0], HasSubstr(" there, one-hot"));
  EXPECT_THAT(fit.begin_new[0], HasSubstr("ids of both keep their embeddings"));
}

TEST_F(WarmKindsTest, ASlotThatGetsOrLosesValuesIsOfAnotherKind) {
  Slot("user").has_values = !Slot("user").has_values;
  const WarmFit fit = Fit();
  EXPECT_THAT(fit.state.arrays[0].values, ElementsAre(0, 0, 0, 4, 5, 6));
  ASSERT_EQ(fit.begin_new.size(), 1u);
  EXPECT_THAT(fit.begin_new[0], HasSubstr("slot user (one-hot with"));
}

TEST_F(WarmKindsTest, AnotherKeySpaceIsAnotherSlot) {
  Slot("user").key_space = "people";
  const WarmFit fit = Fit();
  EXPECT_THAT(fit.state.arrays[0].values, ElementsAre(0, 0, 0, 4, 5, 6));
  ASSERT_EQ(fit.begin_new.size(), 1u);
  EXPECT_THAT(fit.begin_new[0], HasSubstr("key space people"));
  ASSERT_EQ(fit.left.size(), 1u);
  EXPECT_THAT(fit.left[0], HasSubstr("slot user"));
}

TEST_F(WarmKindsTest, ArraysWithARowForEachSlotWantTheSameKinds) {
  const std::string gate = "weight/encoder.all.senet.squeeze.contexts";
  EXPECT_THAT(Fit({{gate, 2, 1, {1, 1}}}, {{gate, 2, 1, {0, 0}}}).taken,
              ElementsAre(gate, kContexts));
  Slot("user").has_values = !Slot("user").has_values;
  const WarmFit fit = Fit({{gate, 2, 1, {1, 1}}}, {{gate, 2, 1, {0, 0}}});
  EXPECT_THAT(fit.state.arrays[0].values, ElementsAre(0, 0));
}

TEST_F(WarmKindsTest, AColumnThatChangedItsSideIsTakenAndListed) {
  Slot("user").context = false;
  for (NumericInfo& info : here_.numerics) info.context = false;
  const std::string exposures = "weight/tower.ctr.0.exposure";
  const auto inputs = InputLayout::Make(config_, here_);
  ASSERT_TRUE(inputs.ok());
  const auto rows = static_cast<uint64_t>(inputs->exposures.pooled_width) + here_.numerics.size();
  const WarmFit fit = Fit({}, {{exposures, rows, 1, std::vector<float>(rows, 0)}});
  EXPECT_THAT(fit.moved, ElementsAre("slot user (of contexts there, of exposures here)",
                                     "numeric column age (of contexts there, of exposures here)"));
  EXPECT_THAT(fit.partly, ::testing::Contains(exposures));
  const auto& values = fit.state.arrays[0].values;
  for (const float row : {1.0f, 2.0f, 3.0f, 6.0f}) {
    EXPECT_THAT(values, ::testing::Contains(row));
  }
}

}  // namespace
}  // namespace chorus::worker
