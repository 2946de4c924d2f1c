#include <gmock/gmock.h>

#include "tests/common/config_testing.h"

namespace chorus {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using ConfigParse = testing::ConfigTest;

TEST_F(ConfigParse, UnknownFieldNamesLinePathAndKnownFields) {
  EXPECT_EQ(ErrorOf("seed: 1\nstep {\n  grain_row: 4\n}\n"),
            "job.textproto:3: step.grain_row: no such field; did you mean \"grain_rows\"? "
            "allowed: known fields: grain_rows, grains_per_step, pull_ahead, mode");
}

TEST_F(ConfigParse, UnknownTopLevelFieldListsTheJobsFields) {
  EXPECT_THAT(
      ErrorOf("# comment { with : braces\nsede: 1\n"),
      StartsWith(
          "job.textproto:2: sede: no such field; did you mean \"seed\"? allowed: known fields: "
          "seed, data, "));
}

TEST_F(ConfigParse, UnknownMessageFieldIsFoundAtItsOwnPath) {
  EXPECT_THAT(ErrorOf("table {\n name: \"{\"\n optimizer { adagard { lr: 1 } }\n}\n"),
              StartsWith("job.textproto:3: table.optimizer.adagard: no such field; did you mean "
                         "\"adagrad\"? allowed: known fields: sgd, adagrad, "));
}

TEST_F(ConfigParse, WrongTypeNamesWhatFits) {
  EXPECT_EQ(ErrorOf("step {\n  grain_rows: \"many\"\n}\n"),
            "job.textproto:2: step.grain_rows: Expected integer, got: \"many\"; allowed: a whole "
            "number 1 .. 1048576");
  EXPECT_THAT(ErrorOf("data { log: 3 }"), HasSubstr("data.log: Expected string"));
  EXPECT_THAT(ErrorOf("slot { name: \"a\" numeric: 7 }"), HasSubstr("allowed: true, false"));
}

TEST_F(ConfigParse, WrongElementOfAListNamesTheList) {
  EXPECT_THAT(ErrorOf("model { tower { hidden: [3,\n x] } }"),
              StartsWith("job.textproto:2: model.tower.hidden: Expected integer"));
}

TEST_F(ConfigParse, UnknownEnumValueListsTheValues) {
  const std::string error = ErrorOf("\n\ndata { order: RANDOM }");
  EXPECT_THAT(error, StartsWith("job.textproto:3: data.order: "));
  EXPECT_THAT(error, HasSubstr("allowed: SHUFFLED, SEQUENTIAL"));
}

TEST_F(ConfigParse, AWrongWordIsOnItsLineWhateverFollows) {
  EXPECT_THAT(ErrorOf("data {\n order: RANDOM  # no\n\n\n epochs: 1 }"),
              StartsWith("job.textproto:2: data.order: Unknown enumeration value"));
  EXPECT_THAT(ErrorOf("compute { cuda {\n graphs: perhaps\n\n} }"),
              StartsWith("job.textproto:2: compute.cuda.graphs: Invalid value for boolean"));
  EXPECT_THAT(ErrorOf("sede\n\n : 1"), StartsWith("job.textproto:1: sede: no such field"));
}

TEST_F(ConfigParse, ANumberThatNoEnumValueHasIsRefused) {
  EXPECT_EQ(ErrorOf("data { order: 2 }"), "no error");
  EXPECT_EQ(ErrorOf("data {\n order: 42 }"),
            "job.textproto:2: data.order: 42 is out of range, allowed: SHUFFLED, SEQUENTIAL");
}

TEST_F(ConfigParse, UnspecifiedEnumValueIsRefused) {
  EXPECT_EQ(ErrorOf("data { order: ORDER_UNSPECIFIED }"),
            "job.textproto:1: data.order: ORDER_UNSPECIFIED is out of range, allowed: SHUFFLED, "
            "SEQUENTIAL");
}

TEST_F(ConfigParse, ValueOutOfRangeNamesLineAndRange) {
  EXPECT_EQ(ErrorOf("seed: 1\nstep { grain_rows: 0 }"),
            "job.textproto:2: step.grain_rows: 0 is out of range, allowed: a whole number 1 .. "
            "1048576");
  EXPECT_THAT(ErrorOf("step { grains_per_step: 6 }"), HasSubstr("1 .. 4096, a power of two"));
  EXPECT_THAT(ErrorOf("step { pull_ahead: 3 }"), HasSubstr("step.pull_ahead: 3 is out of range"));
  EXPECT_THAT(ErrorOf("seed: -1"), HasSubstr("seed: Expected integer"));
  EXPECT_THAT(ErrorOf("seed: 18446744073709551616"), HasSubstr("job.textproto:1: seed: "));
}

TEST_F(ConfigParse, BoundsThemselvesAreAllowedOrNotAsTheSchemaSays) {
  EXPECT_TRUE(Load("step { grain_rows: 1 grains_per_step: 4096 }").ok());
  EXPECT_TRUE(Load("objective { chorus_cvr { eps: 1 } }").ok());
  EXPECT_THAT(
      ErrorOf("objective { chorus_cvr { eps: 0 } }"),
      HasSubstr("objective.chorus_cvr.eps: 0 is out of range, allowed: a finite number more "
                "than 0, up to 1"));
}

TEST_F(ConfigParse, EveryElementIsChecked) {
  EXPECT_EQ(ErrorOf("model { tower { hidden: [8, 0] } }"),
            "job.textproto:1: model.tower.0.hidden.1: 0 is out of range, allowed: a whole number 1 "
            ".. 65536");
  EXPECT_THAT(ErrorOf("table { }\ntable {\n name: \"b\"\n dim: 0 }"),
              StartsWith("job.textproto:4: table.1.dim: 0 is out of range"));
}

TEST_F(ConfigParse, NotANumberAndInfinityAreRefused) {
  EXPECT_THAT(ErrorOf("table { weight_decay: nan }"),
              HasSubstr("table.0.weight_decay: nan is out of range"));
  EXPECT_THAT(ErrorOf("table { optimizer { sgd { lr: inf } } }"),
              HasSubstr("table.0.optimizer.sgd.lr: inf is out of range"));
  EXPECT_THAT(ErrorOf("table { optimizer { sgd { lr: 1e300 } } }"),
              HasSubstr("table.0.optimizer.sgd.lr: 1e+300 does not fit float32, allowed: a finite "
                        "number 0 or more"));
  EXPECT_THAT(ErrorOf("table { initializer { constant { value: -inf } } }"),
              HasSubstr("-inf is out of range, allowed: a finite number"));
}

TEST_F(ConfigParse, RequiredTextMustBeThere) {
  EXPECT_EQ(ErrorOf("seed: 2\nslot {\n  numeric: true }"),
            "job.textproto:2: slot.0.name: is not written; required: a text that is not empty");
  EXPECT_EQ(
      ErrorOf("slot { name: \"\" }"),
      "job.textproto:1: slot.0.name: \"\" is out of range, allowed: a text that is not empty");
}

TEST_F(ConfigParse, ASecondAlternativeIsAnError) {
  EXPECT_THAT(ErrorOf("objective { esmm { } base { } }"),
              HasSubstr("job.textproto:1: objective.base"));
}

TEST_F(ConfigParse, BrokenTextIsAnErrorWithALine) {
  EXPECT_THAT(ErrorOf("seed: 1\nstep { grain_rows: 4"), StartsWith("job.textproto:2: step"));
  EXPECT_THAT(ErrorOf("seed: \"abc"), StartsWith("job.textproto:1: "));
  EXPECT_NE(ErrorOf(std::string("seed: \0 1", 9)), "no error");
}

TEST_F(ConfigParse, DeepNestingIsAnErrorNotACrash) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "step {";
  EXPECT_NE(ErrorOf(text), "no error");
}

TEST_F(ConfigParse, MissingFileIsNotFound) {
  const Result<TrainConfig> config = LoadTrainConfig("/nowhere/job.textproto", {});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.status().code(), Code::kNotFound);
  EXPECT_THAT(config.status().message(), HasSubstr("/nowhere/job.textproto"));
}

TEST_F(ConfigParse, OtherMessagesAreReadByTheSameRules) {
  ImportSchema schema;
  const Status status = LoadConfig(Write("conversion: \"v\"\n"), {}, &schema);
  EXPECT_THAT(status.message(), HasSubstr("click: is not written; required"));
  ASSERT_TRUE(LoadConfig(Write("click: \"c\""), {"block_rows=7"}, &schema).ok());
  EXPECT_EQ(schema.block_rows(), 7u);
  EXPECT_EQ(schema.delimiter(), ",");
  EXPECT_TRUE(schema.header());
  EXPECT_FALSE(schema.has_row_id());
  EXPECT_FALSE(schema.has_conversion());  // a log of clicks alone
}

}  // namespace
}  // namespace chorus
