// Encoders against plain loops in double, and their gradients against central differences; what is
// of contexts alone is computed once per context, with the same result.

#include <gtest/gtest.h>

#include "tests/worker/engine/cpu/model_fixture.h"

namespace chorus::worker {
namespace {

// All slots have the dimension of the first table; both sides have several.
constexpr const char* kSlots = "slot { name: 'history' } ";

struct EncoderCase {
  const char* name;
  const char* model;
};

class EncoderTest : public ::testing::TestWithParam<EncoderCase> {
 protected:
  std::string text() const { return std::string(kSlots) + "model { " + GetParam().model + " }"; }
};

constexpr EncoderCase kCases[] = {
    {"Mlp", "encoder { name: 'deep' mlp { hidden: 6 hidden: 4 } } tower { hidden: 5 }"},
    {"MlpOnASharedBottom",
     "shared_bottom { hidden: 6 } encoder { name: 'deep' input: 'shared_bottom' input: 'inputs' "
     "mlp { hidden: 5 } } tower { hidden: 4 }"},
    {"Mmoe", "encoder { name: 'mix' mmoe { experts: 3 hidden: 6 hidden: 4 } } tower { hidden: 5 }"},
    {"MmoeOfOneLayer", "encoder { name: 'mix' mmoe { experts: 2 hidden: 4 } } tower { hidden: 5 }"},
    {"MmoeForOneTower",
     "encoder { name: 'mix' mmoe { experts: 2 hidden: 4 } } tower { hidden: 5 input: 'inputs' } "
     "tower { head: 'cvr' hidden: 3 input: 'mix' input: 'inputs' }"},
    {"Ple",
     "encoder { name: 'mix' ple { levels: 2 shared_experts: 2 experts: 1 hidden: 4 } } "
     "tower { hidden: 5 }"},
    {"Cgc",
     "encoder { name: 'mix' ple { levels: 1 shared_experts: 1 experts: 2 hidden: 5 hidden: 3 } } "
     "tower { }"},
    {"CrossStacked",
     "encoder { name: 'cross' cross { layers: 2 } } "
     "encoder { name: 'deep' input: 'cross' mlp { hidden: 5 } } tower { hidden: 4 }"},
    {"CrossParallelOfLowRank",
     "encoder { name: 'cross' cross { layers: 3 rank: 2 } } encoder { name: 'deep' "
     "mlp { hidden: 6 } } tower { input: 'cross' input: 'deep' }"},
    {"CrossOnOneInput",
     "shared_bottom { hidden: 4 } encoder { name: 'cross' input: 'shared_bottom' "
     "cross { layers: 1 } } tower { hidden: 4 }"},
    {"DeepFm",
     "encoder { name: 'fm' bi_interaction { } } "
     "tower { hidden: 5 hidden: 3 input: 'inputs' wide: 'inputs' wide: 'fm' }"},
    {"NeuralFm",
     "encoder { name: 'fm' bi_interaction { } } "
     "encoder { name: 'deep' input: 'fm' mlp { hidden: 5 } } tower { wide: 'inputs' }"},
    {"SlotDots",
     "encoder { name: 'dots' slot_dots { } } tower { hidden: 5 input: 'inputs' input: 'dots' }"},
    {"MlpWithPrelu",
     "encoder { name: 'deep' mlp { hidden: 6 hidden: 4 activation: PRELU } } tower { hidden: 5 }"},
    {"MlpWithDice",
     "encoder { name: 'deep' mlp { hidden: 6 hidden: 4 activation: DICE } } tower { hidden: 5 }"},
    {"MlpWithGeluAndResiduals",
     "encoder { name: 'deep' mlp { hidden: 6 hidden: 6 hidden: 6 activation: GELU residual: true "
     "dropout: 0.4 } } tower { hidden: 5 }"},
    {"MlpWithLayerNorm",
     "encoder { name: 'deep' mlp { hidden: 6 hidden: 4 layer_norm: true } } tower { hidden: 5 }"},
    {"MlpWithEverything",
     "encoder { name: 'deep' mlp { hidden: 14 hidden: 4 activation: PRELU layer_norm: true "
     "residual: true dropout: 0.3 } } tower { hidden: 3 input: 'deep' input: 'inputs' }"},
    {"PartsOfTheInputs",
     "encoder { name: 'who' input: 'contexts' mlp { hidden: 6 hidden: 4 } } encoder { name: 'what' "
     "input: 'inputs.item' input: 'inputs.price' mlp { hidden: 5 } } "
     "tower { hidden: 4 input: 'who' input: 'what' input: 'inputs.tags' wide: 'inputs.age' "
     "wide: 'exposures' }"},
    {"SlotGate", "encoder { name: 'gate' slot_gate { reduction: 2 } } tower { hidden: 5 }"},
    {"SlotGateBelowOthers",
     "encoder { name: 'gate' slot_gate { reduction: 3 gate: SIGMOID } } encoder { name: 'cross' "
     "input: 'gate' "
     "cross { layers: 1 } } encoder { name: 'mix' input: 'gate' mmoe { experts: 2 hidden: 4 } } "
     "tower { hidden: 4 input: 'cross' input: 'mix' }"},
    {"WideWithoutHiddenLayers", "shared_bottom { hidden: 4 } tower { wide: 'inputs' }"},
};

TEST_P(EncoderTest, MatchesTheOracle) {
  const Fixture fixture(text());
  ExpectMatchesOracle(fixture, fixture.Grain(1, 7, 3));
}

TEST_P(EncoderTest, MatchesTheOracleForOneExposureAndForNone) {
  const Fixture fixture(text());
  ExpectMatchesOracle(fixture, fixture.Grain(2, 1, 1));
  ExpectMatchesOracle(fixture, fixture.Grain(3, 0, 0));
}

TEST_P(EncoderTest, MatchesTheOracleInTraining) {
  if (text().find("DICE") != std::string::npos) GTEST_SKIP() << "batch_norm_test has this case";
  const Fixture fixture(text());
  TestGrain grain = fixture.Grain(4, 9, 4);
  grain.step = 3;
  ExpectMatchesOracle(fixture, grain);
}

TEST_P(EncoderTest, WhatAWorkspaceComputedBeforeLeavesNoTrace) {
  const Fixture fixture(text());
  const std::unique_ptr<Workspace> used = fixture.compute->NewWorkspace();
  fixture.Run(fixture.Grain(5, 16, 16), used.get());
  const TestGrain small = fixture.Grain(6, 5, 2);
  ExpectSameBits(fixture.Run(small, used.get()), fixture.Run(small));
}

INSTANTIATE_TEST_SUITE_P(All, EncoderTest, ::testing::ValuesIn(kCases),
                         [](const auto& of) { return of.param.name; });

// A history of contexts, in which items of exposures are looked for; of exposures, by contexts.
constexpr EncoderCase kSequences[] = {
    {"OfContexts",
     "slot { name: 'history' pooling: SEQUENCE max_length: 4 } model { encoder { name: 'interest' "
     "target_attention { sequence: 'history' query: 'item' hidden: 5 } } "
     "tower { hidden: 6 input: 'inputs' input: 'interest' } }"},
    {"OfContextsAloneByContexts",
     "slot { name: 'item' ignore: true } slot { name: 'tags' ignore: true } slot { name: 'age' "
     "ignore: true } slot { name: 'price' ignore: true } "
     "slot { name: 'history' pooling: SEQUENCE max_length: 3 } model { encoder { name: 'interest' "
     "target_attention { sequence: 'history' query: 'user' hidden: 4 } } "
     "tower { hidden: 6 input: 'interest' } }"},
    {"OfExposuresByContexts",
     "slot { name: 'tags' pooling: SEQUENCE max_length: 2 } model { encoder { name: 'interest' "
     "target_attention { sequence: 'tags' query: 'user' hidden: 4 } } "
     "tower { hidden: 6 input: 'interest' input: 'inputs' } }"},
    {"SelfAttentionOfContexts",
     "slot { name: 'history' pooling: SEQUENCE max_length: 4 } model { encoder { name: 'self' "
     "self_attention { sequence: 'history' heads: 2 head_dim: 3 positions: true pooling: MEAN "
     "layers: 1 } } tower { hidden: 6 input: 'inputs' input: 'self' } }"},
    {"SelfAttentionOfTwoLayersOverTwoSequences",
     "slot { name: 'user' ignore: true } slot { name: 'item' ignore: true } slot { name: 'tags' "
     "ignore: true } slot { name: 'age' ignore: true } slot { name: 'price' ignore: true } "
     "slot { name: 'history' pooling: SEQUENCE max_length: 5 } model { encoder { name: 'self' "
     "self_attention { sequence: 'history' sequence: 'history' heads: 1 head_dim: 2 layers: 2 "
     "pooling: LAST positions: false } } tower { hidden: 6 input: 'self' } }"},
    {"SelfAttentionOfTwoColumnsOfUnlikeWidths",
     "slot { name: 'history' pooling: SEQUENCE max_length: 5 } slot { name: 'again' column: "
     "'history' table: 'small' pooling: SEQUENCE max_length: 5 } model { encoder { name: 'self' "
     "self_attention { sequence: 'history' sequence: 'again' heads: 2 head_dim: 17 layers: 2 "
     "pooling: MEAN positions: true } } tower { hidden: 6 input: 'inputs' input: 'self' } }"},
    {"PooledSequencesOfUnlikeLengths",
     "slot { name: 'history' pooling: SEQUENCE max_length: 5 } slot { name: 'newest' column: "
     "'history' table: 'small' pooling: SEQUENCE max_length: 2 } model { encoder { name: 'both' "
     "sequence_pooling { sequence: 'history' sequence: 'newest' pooling: MEAN } } "
     "tower { hidden: 6 input: 'inputs' input: 'both' } }"},
    {"SelfAttentionOfExposures",
     "slot { name: 'tags' pooling: SEQUENCE max_length: 3 } model { encoder { name: 'self' "
     "self_attention { sequence: 'tags' heads: 3 head_dim: 1 positions: true pooling: SUM "
     "layers: 1 } } tower { hidden: 6 input: 'inputs' input: 'self' } }"},
    {"PooledSequences",
     "slot { name: 'history' pooling: SEQUENCE max_length: 4 } slot { name: 'tags' "
     "pooling: SEQUENCE max_length: 2 } model { encoder { name: 'last' "
     "sequence_pooling { sequence: 'history' pooling: LAST } } encoder { name: 'average' "
     "sequence_pooling { sequence: 'tags' pooling: MEAN } } encoder { name: 'sum' "
     "sequence_pooling { sequence: 'history' pooling: SUM } } tower { hidden: 6 input: 'inputs' "
     "input: 'last' input: 'average' input: 'sum' } }"},
    {"TwoSideBySide",
     "slot { name: 'user' ignore: true } slot { name: 'tags' ignore: true } slot { name: 'age' "
     "ignore: true } slot { name: 'price' ignore: true } "
     "slot { name: 'history' pooling: SEQUENCE max_length: 5 } model { encoder { name: 'interest' "
     "target_attention { sequence: 'history' "
     "sequence: 'history' query: 'item' query: 'item' hidden: 4 } } "
     "tower { hidden: 5 input: 'interest' } }"},
};

class SequenceTest : public ::testing::TestWithParam<EncoderCase> {};

TEST_P(SequenceTest, MatchesTheOracle) {
  const Fixture fixture(GetParam().model);
  ExpectMatchesOracle(fixture, fixture.Grain(1, 7, 3));
  ExpectMatchesOracle(fixture, fixture.Grain(2, 1, 1));
  ExpectMatchesOracle(fixture, fixture.Grain(3, 0, 0));
}

TEST_P(SequenceTest, WhatAWorkspaceComputedBeforeLeavesNoTrace) {
  const Fixture fixture(GetParam().model);
  const std::unique_ptr<Workspace> used = fixture.compute->NewWorkspace();
  fixture.Run(fixture.Grain(5, 16, 16), used.get());
  const TestGrain small = fixture.Grain(6, 5, 2);
  ExpectSameBits(fixture.Run(small, used.get()), fixture.Run(small));
}

INSTANTIATE_TEST_SUITE_P(All, SequenceTest, ::testing::ValuesIn(kSequences),
                         [](const auto& of) { return of.param.name; });

std::string ErrorOfJob(const std::string& job) {
  return Model::Make(TestConfig(job), TestSchema(), ThreeHeads()).status().message();
}

TEST(SequenceErrorsTest, NameTheSlotAndTheRemedy) {
  const std::string slot = "slot { name: 'history' pooling: SEQUENCE max_length: 4 } ";
  const auto attention = [&](const std::string& text) {
    return ErrorOfJob(slot + "model { encoder { name: 'a' target_attention { " + text +
                      " hidden: 4 } } tower { hidden: 3 } }");
  };
  EXPECT_EQ(ErrorOfJob(slot + "model { tower { hidden: 3 } }"),
            "slot \"history\": a SEQUENCE that no encoder reads; name it in the `sequence` of one, "
            "pool it, or write ignore: true");
  EXPECT_EQ(attention("sequence: 'history'"),
            "model.encoder \"a\": target_attention: 1 sequences and 0 queries are written; "
            "expected: one of each or more, as many");
  EXPECT_EQ(ErrorOfJob(slot + "slot { name: 'mine' column: 'item' tower: 'ctr' } model { encoder { "
                              "name: 'a' target_attention { sequence: 'history' query: 'mine' "
                              "hidden: 4 } } tower { hidden: 3 } }"),
            "model.encoder \"a\": query \"mine\": a slot that all towers read is expected");
  const std::string large = ErrorOfJob(
      "slot { name: 'history' pooling: SEQUENCE max_length: 8000 } model { encoder { name: 'a' "
      "self_attention { sequence: 'history' heads: 8 head_dim: 4 layers: 1 } } tower { hidden: 3 "
      "input: 'inputs' input: 'a' } }");
  EXPECT_NE(large.find(" GiB for its layers; expected: 16 at most. Lower step.grain_rows, the "
                       "slots' max_length, or heads and layers of self_attention"),
            std::string::npos)
      << large;
  EXPECT_EQ(attention("sequence: 'history' query: 'history'"),
            "model.encoder \"a\": query \"history\": a pooled slot is expected");
  EXPECT_EQ(ErrorOfJob("slot { name: 'item' pooling: SEQUENCE }"),
            "slot \"item\": SEQUENCE needs several ids, and the log has one under it");
}

std::string ErrorOf(const std::string& model) {
  return Model::Make(TestConfig(std::string(kSlots) + "model { " + model + " }"), TestSchema(),
                     ThreeHeads())
      .status()
      .message();
}

TEST(EncoderErrorsTest, NameTheEncoderAndTheRemedy) {
  const std::string tower = " tower { hidden: 4 }";
  EXPECT_EQ(ErrorOf("encoder { name: 'a' input: 'b' mlp { hidden: 3 } }" + tower),
            "model.encoder \"a\": input \"b\" is not known here; known are [inputs, "
            "contexts, exposures, inputs.NAME]");
  EXPECT_EQ(ErrorOf("tower { hidden: 4 input: 'contexts' input: 'inputs.item' }"),
            "slot \"tags\": no tower and no encoder reads it; name it in an `input`, or write "
            "ignore: true");
  EXPECT_EQ(ErrorOf("tower { hidden: 4 input: 'inputs.shop' }"),
            "model.tower \"ctr\": input \"inputs.shop\": the model reads no column of this name");
  EXPECT_EQ(ErrorOf("tower { hidden: 4 input: 'inputs' input: 'contexts' }"),
            "model.tower \"ctr\": input \"contexts\" is a part of \"inputs\": one of them");
  EXPECT_EQ(ErrorOf("encoder { name: 'alpha' mlp { hidden: 3 } }" + tower),
            "model.encoder: the name \"alpha\" has another meaning");
  EXPECT_EQ(ErrorOf("encoder { name: 'a' mlp { hidden: 4 residual: true } }" + tower),
            "model.encoder \"a\": mlp: residual: no hidden layer is as wide as what it reads");
  EXPECT_EQ(
      ErrorOf("encoder { name: 'a' mlp { hidden: 4 activation: GELU } } batch_norm: true" + tower),
      "model.encoder \"a\": mlp: model.batch_norm normalises in front of a ReLU; leave it "
      "out, or layer_norm and the other activation");
  EXPECT_EQ(ErrorOf("encoder { name: 'a' }" + tower),
            "model.encoder \"a\": no kind is written (mlp, mmoe, ple, cross, ...)");
  EXPECT_EQ(ErrorOf("encoder { name: 'a' mlp { } }" + tower),
            "model.encoder \"a\": mlp: no hidden layer is written");
  EXPECT_EQ(ErrorOf("encoder { name: 'A b' mlp { hidden: 3 } }" + tower),
            "model.encoder: the name \"A b\": lower-case letters, digits and \"_\" are expected");
  EXPECT_EQ(ErrorOf("encoder { name: 'bias' mlp { hidden: 3 } }" + tower),
            "model.encoder: the name \"bias\" has another meaning");
  EXPECT_EQ(ErrorOf("encoder { name: 'a' mlp { hidden: 3 } } encoder { name: 'a' input: 'a' "
                    "mlp { hidden: 3 } }" +
                    tower),
            "model.encoder: two encoders of the name \"a\"");
  EXPECT_EQ(ErrorOf("encoder { name: 'mix' mmoe { experts: 2 } } encoder { name: 'b' "
                    "input: 'mix' mlp { hidden: 3 } }" +
                    tower),
            "model.encoder \"b\": input \"mix\" gives every tower its own mixture: only towers "
            "read it");
  EXPECT_EQ(ErrorOf("encoder { name: 'a' mlp { hidden: 3 } } encoder { name: 'b' "
                    "mlp { hidden: 3 } }" +
                    tower),
            "model.encoder \"a\": no tower reads it, and no encoder that one reads; name it in "
            "model.tower.input, or leave it out");
  EXPECT_EQ(ErrorOf("tower { hidden: 4 input: 'x' }"),
            "model.tower \"ctr\": input \"x\" is not known here; known are [inputs, "
            "contexts, exposures, inputs.NAME, own]");
  EXPECT_EQ(ErrorOf("tower { hidden: 4 input: 'inputs' input: 'inputs' }"),
            "model.tower \"ctr\": input \"inputs\" is written twice");
}

TEST(EncoderErrorsTest, SlotsOfTwoDimensionsAreNamed) {
  const TrainConfig config = TestConfig("model { encoder { name: 'fm' bi_interaction { } } }");
  EXPECT_EQ(Model::Make(config, TestSchema(), ThreeHeads()).status().message(),
            "model.encoder \"fm\": slots of one dimension are expected, but slot \"user\" has 3 "
            "and slot \"history\" has 2 (table.dim)");
}

// The log has contexts alone: what reads nothing of exposures has a row per context.
TEST(ContextSideTest, ATowerOverContextsIsComputedOncePerContext) {
  const Fixture fixture(
      std::string(kSlots) +
      "slot { name: 'item' ignore: true } slot { name: 'tags' ignore: true } "
      "slot { name: 'price' ignore: true } "
      "model { encoder { name: 'deep' mlp { hidden: 6 hidden: 4 } } tower { hidden: 5 } }");
  for (const Node& node : fixture.model.network.groups[0].graph.nodes()) {
    if (node.layer == nullptr) continue;
    EXPECT_EQ(node.side, node.head < 0 ? Side::kContext : Side::kExposure) << node.name;
  }
  ExpectMatchesOracle(fixture, fixture.Grain(4, 9, 3));
}

TEST(ContextSideTest, AnEncoderOfContextColumnsIsComputedOncePerContext) {
  const Fixture fixture(std::string(kSlots) +
                        "model { encoder { name: 'who' input: 'inputs.user' input: 'inputs.age' "
                        "mlp { hidden: 6 hidden: 4 layer_norm: true } } "
                        "tower { hidden: 5 input: 'inputs' input: 'who' } }");
  for (const Node& node : fixture.model.network.groups[0].graph.nodes()) {
    if (node.name.find("who") != std::string::npos) {
      EXPECT_EQ(node.side, Side::kContext) << node.name;
    }
  }
  ExpectMatchesOracle(fixture, fixture.Grain(4, 9, 3));
}

TEST(ContextSideTest, MixturesAndCrossesOfContextsAloneAreOfContexts) {
  const std::string ignore =
      std::string(kSlots) +
      "slot { name: 'item' ignore: true } slot { name: 'tags' ignore: true } "
      "slot { name: 'price' ignore: true } ";
  for (const char* model :
       {"encoder { name: 'mix' mmoe { experts: 2 hidden: 4 } } tower { hidden: 3 }",
        "encoder { name: 'x' cross { layers: 2 } } tower { hidden: 3 }",
        "encoder { name: 'fm' bi_interaction { } } tower { hidden: 3 wide: 'inputs' }",
        "encoder { name: 'dots' slot_dots { } } tower { hidden: 3 dropout: 0.5 input: 'dots' "
        "input: 'inputs' }"}) {
    const Fixture fixture(ignore + "model { " + model + " }");
    ExpectMatchesOracle(fixture, fixture.Grain(4, 9, 3));
  }
}

}  // namespace
}  // namespace chorus::worker
