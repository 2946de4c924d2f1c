// What `chorus help` says of settings, and where it takes it from.

#include "launch/command/setting_help.h"

#include <gmock/gmock.h>

#include "common/config.pb.h"
#include "launch/command/config_proto_text.h"
#include "launch/command/setting_comments.h"

namespace chorus::launch {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

std::string Help(const std::string& path) {
  const Result<std::string> help = HelpOf(path);
  return help.ok() ? *help : help.status().message();
}

TEST(CommentsOf, StandAboveOrBehind) {
  EXPECT_THAT(
      CommentsOf(R"(
// Of the file.

// -------- a heading
// A message
// of two lines.
message A {  // and more
  optional string text = 1 [(default_value) = "\"//\""];  // behind
  // above
  repeated uint32 long_one = 2
      [(default_value) = "1", (allowed) = {min: 1}];
  optional bool none = 3;
  enum Kind {
    KIND_UNSPECIFIED = 0;
    ONE = 1;  // the first
  }
  optional Kind kind = 4;
  oneof what {
    B b = 5;  // a choice
  }
}
message B { optional double lr = 1; }
message C { }  // of one line
)"),
      UnorderedElementsAre(Pair("A", "A message of two lines. and more"), Pair("A.text", "behind"),
                           Pair("A.long_one", "above"), Pair("A.ONE", "the first"),
                           Pair("A.b", "a choice"), Pair("C", "of one line")));
}

TEST(SettingHelp, OfANumberSaysRangeAndDefault) {
  EXPECT_EQ(Help("table.dim"),
            "table.dim: a whole number 1 .. 4096; default 18\n    floats a row\n");
  EXPECT_EQ(Help("table.default.dim"),
            "table.default.dim: a whole number 1 .. 4096; default 18\n    floats a row\n");
}

TEST(SettingHelp, OfAnEnumSaysWhatItsValuesMean) {
  EXPECT_THAT(Help("data.order"),
              AllOf(StartsWith("data.order: SHUFFLED, SEQUENTIAL; default SHUFFLED\n"),
                    HasSubstr("\n    SEQUENTIAL: step t is exactly the t-th slice of the log\n")));
}

TEST(SettingHelp, OfAMessageListsItsFields) {
  EXPECT_THAT(Help("model.encoder"),
              AllOf(StartsWith("model.encoder: EncoderConfig, any number of them\n    A part of "
                               "the network"),
                    HasSubstr("\n  name: a text that is not empty\n"),
                    HasSubstr("\n  ple: PleConfig\n      Progressive Layered Extraction")));
  EXPECT_THAT(Help("ImportSchema.slot"), HasSubstr("\n  max_ids: a whole number"));
  EXPECT_THAT(Help("ImportSchema"), StartsWith("ImportSchema\n"));
  EXPECT_THAT(Help(""), AllOf(HasSubstr("\n  step: StepConfig\n"), HasSubstr("CompareConfig")));
}

TEST(SettingHelp, OfAnotherNameSaysWhatThereIs) {
  EXPECT_EQ(HelpOf("stp").status().code(), Code::kInvalidArgument);
  EXPECT_THAT(
      Help("step.grainrows"),
      StartsWith("no setting \"step.grainrows\": StepConfig.grainrows: no such field; did you mean "
                 "\"grain_rows\"? allowed: known fields: grain_rows, grains_per_step"));
  EXPECT_EQ(Help("seed.more"), "no setting \"seed.more\": seed has no fields");
  EXPECT_THAT(Help("table.dim.x"), HasSubstr("dim has no fields"));
  EXPECT_THAT(Help("..."), HasSubstr("no setting"));
}

// Every comment of config.proto finds the field, message or value that it is of.
TEST(SettingHelp, KnowsWhatEveryCommentIsOf) {
  const auto comments = CommentsOf(kConfigProtoText);
  EXPECT_GT(comments.size(), 200u);
  const auto* const pool = TrainConfig::descriptor()->file()->pool();
  for (const auto& [name, comment] : comments) {
    const std::string full = "chorus." + name;
    EXPECT_TRUE(
        pool->FindMessageTypeByName(full) != nullptr || pool->FindFieldByName(full) != nullptr ||
        pool->FindExtensionByName(full) != nullptr || pool->FindEnumValueByName(full) != nullptr)
        << name << ": " << comment;
  }
}

}  // namespace
}  // namespace chorus::launch
