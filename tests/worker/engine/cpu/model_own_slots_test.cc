// Slots that some towers alone read, and columns that several slots read, against plain loops in
// double; their gradients against central differences.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/worker/engine/cpu/model_fixture.h"

namespace chorus::worker {
namespace {

// Every column is read by all towers and, with tables of their own, by "ctr" and by "cvr"; what
// follows is the model.
constexpr const char* kBoth =
    "table { name: 'ctr' dim: 2 } table { name: 'cvr' dim: 3 } "
    "slot { name: 'history' } slot { name: 'tags' } "
    "slot { name: 'item' } slot { name: 'item-ctr' column: 'item' table: 'ctr' tower: 'ctr' } "
    "slot { name: 'item-cvr' column: 'item' table: 'cvr' tower: 'cvr' } "
    "slot { name: 'user-ctr' column: 'user' table: 'ctr' tower: 'ctr' } "
    "slot { name: 'user-cvr' column: 'user' table: 'cvr' tower: 'cvr' } "
    "slot { name: 'history-cvr' column: 'history' table: 'cvr' tower: 'cvr' pooling: MEAN } ";

struct OwnCase {
  const char* name;
  const char* model;
};

class OwnSlotsTest : public ::testing::TestWithParam<OwnCase> {
 protected:
  std::string text() const { return StrCat(kBoth, "model { ", GetParam().model, " }"); }
};

constexpr OwnCase kOwnCases[] = {
    {"InTowersAlone", "tower { hidden: 5 hidden: 4 }"},
    {"InTowersWithoutHiddenLayers", "tower { }"},
    {"BesideASharedBottom", "shared_bottom { hidden: 6 } tower { hidden: 5 }"},
    {"BesideAMixture",
     "encoder { name: 'mix' mmoe { experts: 2 hidden: 4 } } tower { hidden: 5 } "
     "tower { head: 'cvr' hidden: 3 input: 'mix' input: 'own' }"},
    {"BesideProductsOfSharedSlots",
     "encoder { name: 'fm' bi_interaction { } } tower { hidden: 5 input: 'inputs' wide: 'inputs' "
     "wide: 'fm' }"},
    {"Alone", "tower { hidden: 4 } tower { head: 'cvr' hidden: 4 input: 'own' } "},
};

TEST_P(OwnSlotsTest, MatchTheOracle) {
  const Fixture fixture(text());
  ExpectMatchesOracle(fixture, fixture.Grain(1, 7, 3));
  ExpectMatchesOracle(fixture, fixture.Grain(2, 1, 1));
  ExpectMatchesOracle(fixture, fixture.Grain(3, 0, 0));
}

TEST_P(OwnSlotsTest, WhatAWorkspaceComputedBeforeLeavesNoTrace) {
  const Fixture fixture(text());
  const std::unique_ptr<Workspace> used = fixture.compute->NewWorkspace();
  fixture.Run(fixture.Grain(5, 16, 16), used.get());
  const TestGrain small = fixture.Grain(6, 5, 2);
  ExpectSameBits(fixture.Run(small, used.get()), fixture.Run(small));
}

INSTANTIATE_TEST_SUITE_P(All, OwnSlotsTest, ::testing::ValuesIn(kOwnCases),
                         [](const auto& of) { return of.param.name; });

// STEM's forward by all, backward by one.
constexpr const char* kReadByBoth =
    "table { name: 'ctr' dim: 2 } table { name: 'cvr' dim: 3 } "
    "slot { name: 'item' } slot { name: 'tags' table: 'small' } "
    "slot { name: 'item-ctr' column: 'item' table: 'ctr' tower: 'ctr' tower: 'cvr' "
    "no_gradient: 'cvr' } "
    "slot { name: 'user-cvr' column: 'user' table: 'cvr' tower: 'ctr' tower: 'cvr' "
    "no_gradient: 'ctr' } model { tower { hidden: 5 hidden: 3 wide: 'own' } }";

bool AllZero(const SparseGradient& sparse) {
  return std::all_of(sparse.gradients.begin(), sparse.gradients.end(),
                     [](float g) { return g == 0.0f; });
}

TEST(StopGradientTest, WhatATowerReadsWithoutTrainingItMatchesTheOracle) {
  const Fixture fixture(kReadByBoth);
  ExpectMatchesOracle(fixture, fixture.Grain(1, 7, 3));
}

// d loss / d logit of one head alone.
std::vector<SparseGradient> GradientsOfHead(const Fixture& fixture, const TestGrain& grain,
                                            size_t head) {
  const auto workspace = fixture.compute->NewWorkspace();
  std::vector<float> dense(fixture.parameters.size());
  std::vector<SparseGradient> sparse;
  EXPECT_TRUE(fixture.compute->Forward(grain.input(), fixture.parameters, workspace.get()).ok());
  const size_t heads = fixture.shape.heads.size();
  for (size_t i = 0; i < grain.batch.rows() * heads; ++i) {
    workspace->dlogits().data[i] = i % heads == head ? 1.0f : 0.0f;
  }
  EXPECT_TRUE(
      fixture.compute->Backward(grain.input(), fixture.parameters, workspace.get(), dense, &sparse)
          .ok());
  return sparse;
}

TEST(StopGradientTest, ATasksTableIsMovedByThatTaskAlone) {
  const Fixture fixture(kReadByBoth);
  const TestGrain grain = fixture.Grain(2, 9, 4);
  constexpr size_t kCtrTable = 2, kCvrTable = 3;  // behind "default" and "small"
  const std::vector<SparseGradient> of_ctr = GradientsOfHead(fixture, grain, 0);
  const std::vector<SparseGradient> of_cvr = GradientsOfHead(fixture, grain, 1);
  EXPECT_FALSE(AllZero(of_ctr[kCtrTable]));
  EXPECT_TRUE(AllZero(of_ctr[kCvrTable]));
  EXPECT_TRUE(AllZero(of_cvr[kCtrTable]));
  EXPECT_FALSE(AllZero(of_cvr[kCvrTable]));
  EXPECT_FALSE(AllZero(of_ctr[0]) || AllZero(of_cvr[0])) << "all move what they share";
}

TEST(OwnSlotsTest, TheTowersOfAnotherGroupLeaveThemAlone) {
  const Fixture fixture(StrCat(kBoth, "model { tower { hidden: 4 } }"),
                        ShapeOf({{"ctr", 0}, {"cvr", 1}}, {"main", "other"}));
  const TestGrain grain = fixture.Grain(3, 7, 3);
  ExpectMatchesOracle(fixture, grain);
  EXPECT_TRUE(AllZero(fixture.Run(grain).sparse[3])) << "cvr's table in the group of ctr";
}

// One column, pooled and as a sequence, of one table.
TEST(SharedColumnTest, ASequenceAndAPooledSlotReadOneColumn) {
  const Fixture fixture(
      "slot { name: 'history' pooling: MEAN } "
      "slot { name: 'listed' column: 'history' pooling: SEQUENCE max_length: 3 } "
      "model { encoder { name: 'interest' target_attention { sequence: 'listed' query: 'item' "
      "hidden: 4 } } tower { hidden: 5 input: 'inputs' input: 'interest' } }");
  EXPECT_EQ(fixture.model.inputs.slot_reads.context.size(), 2u) << "user, and history once";
  ExpectMatchesOracle(fixture, fixture.Grain(1, 7, 3));
}

std::string ErrorOfModel(const std::string& text) {
  return Model::Make(TestConfig(text), TestSchema(), ThreeHeads()).status().message();
}

TEST(OwnSlotsErrorsTest, NameSlotTowerAndRemedy) {
  const std::string own = "slot { name: 'item' tower: 'ctr' } ";
  EXPECT_EQ(ErrorOfModel("slot { name: 'item' tower: 'click' }"),
            "slot \"item\": tower \"click\": the objective has no such tower; it has [ctr, cvr, "
            "uncvr]");
  EXPECT_EQ(ErrorOfModel(own + "model { encoder { name: 'deep' mlp { hidden: 3 } } "
                               "tower { hidden: 3 input: 'deep' } }"),
            "slot \"item\": tower \"ctr\" does not read it; add \"own\" to that tower's "
            "model.tower.input");
  EXPECT_EQ(ErrorOfModel(own + "model { tower { hidden: 3 input: 'inputs' input: 'own' } }"),
            "model.tower \"ctr\": input \"own\" is a part of \"inputs\": one of them");
  EXPECT_EQ(ErrorOfModel(own + "model { encoder { name: 'deep' input: 'own' mlp { hidden: 3 } } "
                               "tower { hidden: 3 } }"),
            "model.encoder \"deep\": input \"own\" is what a tower alone reads; name it in "
            "model.tower.input");
  EXPECT_EQ(ErrorOfModel("slot { name: '*' tower: 'ctr' } slot { name: 'age' ignore: true } "
                         "slot { name: 'price' ignore: true } model { tower { hidden: 3 } }"),
            "model.tower \"cvr\": its inputs have no columns: all slots are those of towers alone");
  EXPECT_EQ(ErrorOfModel("slot { name: 'tags' column: 'item' }"),
            "slot \"tags\": a column of the log has this name too, or another slot: give it a name "
            "of its own");
  EXPECT_EQ(ErrorOfModel("slot { name: 'x' column: 'y' }"),
            "slot \"x\": column \"y\" is not in the log; the log has slots [user, item, history, "
            "tags] and numeric columns [age, price]");
}

}  // namespace
}  // namespace chorus::worker
