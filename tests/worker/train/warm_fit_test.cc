#include "worker/train/warm_fit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/config.h"
#include "tests/worker/model/test_config.h"
#include "worker/model/embeddings.h"

namespace chorus::worker {
namespace {

// Contexts: slots user (dim 3) and history (dim 2), numeric age. Exposures: item, tags, price.
struct TestModel {
  TrainConfig config;
  LogSchema schema;
};

TestModel ModelWith(const std::string& text) {
  TestModel model = {TestConfig(text), TestSchema()};
  EXPECT_TRUE(FinishTrainConfig("test", &model.config).ok());
  EXPECT_TRUE(ExpandEmbeddings(&model.config).ok());
  return model;
}

CheckpointManifest ManifestOf(const TestModel& model) {
  CheckpointManifest manifest;
  *manifest.mutable_config() = model.config;
  for (const SlotInfo& info : model.schema.slots) {
    CheckpointSlot* const slot = manifest.add_slot();
    slot->set_name(info.name);
    slot->set_key_space(info.key_space);
    slot->set_context(info.context);
    slot->set_multi_valued(info.multi_valued);
    slot->set_has_values(info.has_values);
  }
  for (const NumericInfo& info : model.schema.numerics) {
    CheckpointNumeric* const numeric = manifest.add_numeric();
    numeric->set_name(info.name);
    numeric->set_context(info.context);
  }
  return manifest;
}

NamedArray ArrayOf(const std::string& name, std::vector<float> rows) {
  return {name, rows.size(), 1, std::move(rows)};
}

// The arrays of `here` after a warm start from `there`.
WarmFit Fit(const TestModel& there, std::vector<NamedArray> arrays, const TestModel& here,
            std::vector<NamedArray> fresh) {
  const auto inputs = InputLayout::Make(here.config, here.schema);
  EXPECT_TRUE(inputs.ok()) << inputs.status().ToString();
  auto fit = FitState({1, 1, std::move(arrays)}, ManifestOf(there), here.config, {}, here.schema,
                      *inputs, {0, 0, std::move(fresh)});
  EXPECT_TRUE(fit.ok()) << fit.status().ToString();
  return std::move(fit).value();
}

bool Has(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}
using Values = std::vector<float>;

TEST(WarmFitTest, NumericColumnsKeepTheirRowsWhereAModelGetsSlotsOfTowers) {
  const TestModel plain = ModelWith("objective { esmm { } }");
  const TestModel stem =
      ModelWith("slot { name: '*' embedding: SHARED_AND_OWN } objective { esmm { } }");
  const std::string layer = "adam.mean/tower.ctr.0.";
  // user, history, age: here history has two columns, there three.
  const WarmFit more = Fit(plain, {ArrayOf(layer + "context", {1, 2, 3, 4, 5, 6})}, stem,
                           {ArrayOf(layer + "context", {0, 0, 0, 0, 0, 0}),
                            ArrayOf(layer + "own-ctr-context", {7, 7, 7, 7, 7, 7}),
                            ArrayOf(layer + "context-numerics", {0})});
  EXPECT_EQ(more.state.arrays[0].values, (Values{1, 2, 3, 4, 5, 0}));
  EXPECT_EQ(more.state.arrays[1].values, (Values{7, 7, 7, 7, 7, 7}));
  EXPECT_EQ(more.state.arrays[2].values, (Values{6}));
  EXPECT_TRUE(Has(more.taken, layer + "context-numerics"));
  EXPECT_TRUE(Has(more.begin_new, layer + "own-ctr-context"));

  const WarmFit back = Fit(
      stem,
      {ArrayOf(layer + "context", {1, 2, 3, 4, 5, 6}), ArrayOf(layer + "context-numerics", {9})},
      plain, {ArrayOf(layer + "context", {0, 0, 0, 0, 0, 0})});
  EXPECT_EQ(back.state.arrays[0].values.back(), 9);
  EXPECT_FALSE(Has(back.left, layer + "context-numerics"));
}

TEST(WarmFitTest, ATowersReadOfItsOneEncoderIsTakenUnderEitherName) {
  const TestModel plain = ModelWith("model { shared_bottom { hidden: [2] } }");
  const TestModel own = ModelWith(
      "model { shared_bottom { hidden: [2] } } slot { name: 'item' embedding: SHARED_AND_OWN } "
      "objective { esmm { } }");
  const std::string bare = "weight/tower.ctr.0.weight", named = "weight/tower.ctr.0.shared_bottom";
  const WarmFit more = Fit(plain, {ArrayOf(bare, {1, 2})}, own, {ArrayOf(named, {0, 0})});
  EXPECT_EQ(more.state.arrays[0].values, (Values{1, 2}));
  EXPECT_TRUE(Has(more.taken, named));
  const WarmFit back = Fit(own, {ArrayOf(named, {3, 4})}, plain, {ArrayOf(bare, {0, 0})});
  EXPECT_EQ(back.state.arrays[0].values, (Values{3, 4}));
  const TestModel other = ModelWith("model { tower { hidden: [2] input: 'deep' } }");
  const WarmFit none = Fit(other, {ArrayOf(bare, {1, 2})}, own, {ArrayOf(named, {0, 0})});
  EXPECT_TRUE(Has(none.begin_new, named));
}

TEST(WarmFitTest, WhatStandsForSlotsByTheirOrderBeginsAnewWithOtherSlots) {
  const TestModel model = ModelWith("");
  TestModel turned = model;
  std::swap(turned.schema.slots[0], turned.schema.slots[2]);  // contexts: history, user
  ASSERT_TRUE(turned.schema.slots[0].context && turned.schema.slots[2].context);
  const std::string gate = "weight/encoder.all.senet.";
  const auto arrays = [&](float value) {
    return std::vector<NamedArray>{ArrayOf(gate + "squeeze.contexts", {value, value}),
                                   ArrayOf(gate + "squeeze.exposures", {value, value}),
                                   ArrayOf(gate + "excite.bias", {value}),
                                   ArrayOf("weight/tower.ctr.0.dots-both", {value}),
                                   ArrayOf("weight/tower.ctr.1.weight", {value})};
  };
  EXPECT_EQ(Fit(model, arrays(1), model, arrays(0)).taken.size(), 5u);
  const WarmFit fit = Fit(model, arrays(1), turned, arrays(0));
  EXPECT_EQ(fit.taken,
            (std::vector<std::string>{gate + "squeeze.exposures", "weight/tower.ctr.1.weight"}));
  EXPECT_EQ(fit.state.arrays[0].values, (Values{0, 0}));
  EXPECT_TRUE(Has(fit.begin_new,
                  gate + "excite.bias (the checkpoint's slots are others, or in another order)"));
}

TEST(WarmFitTest, NumericColumnsBehindAGateFollowTheirNames) {
  const TestModel model = ModelWith("");
  const std::string name = "weight/tower.ctr.0.senet-exposure-numerics";
  EXPECT_EQ(Fit(model, {ArrayOf(name, {5})}, model, {ArrayOf(name, {0})}).state.arrays[0].values,
            (Values{5}));
}

}  // namespace
}  // namespace chorus::worker
