// Rules of an import that make other ids or numbers of the same cells are told apart, rule by rule,
// from what is no rule of a cell; files of one log that differ in them are refused, and those that
// a model reads are named.
#include "worker/log/cell_rules.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "common/config.pb.h"
#include "common/file.h"
#include "tests/worker/log/log_testing.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kRules = R"(
    delimiter: "," click: "click" conversion: "sale" missing_marker: ["NA", "-"]
    slot { column: "t" name: "tags" separator: "|" value_separator: ":" }
    numeric { column: "a" name: "age" }
    cross { slot: ["a", "b"] name: "a_x_b" })";

ImportSchema Rules(const std::string& text = kRules) {
  ImportSchema rules;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &rules)) << text;
  return rules;
}

RuleDifferences Differing(const ImportSchema& changed) { return DifferingRules(changed, Rules()); }

TEST(CellRulesTest, EveryRuleOfACellIsToldWithBothValues) {
  const struct {
    std::string tags, age, common, expected;
  } cases[] = {
      {"value_transform: LN1P", "", "", "slot tags: value_transform: LN1P | AS_IS"},
      {"value_clip: 3", "", "", "slot tags: value_clip: 3 | 0"},
      {"value_l2: true", "", "", "slot tags: value_l2: true | false"},
      {"max_ids: 1", "", "", "slot tags: max_ids: 1 | 0"},
      {"keep_markers: true", "", "", "slot tags: keep_markers: true | false"},
      {"", "missing: 3", "", "numeric age: missing: 3 | 0"},
      {"", "", "trim: false", "trim: false | true"},
      {"", "", "decimal_ids: AS_TEXT", "decimal_ids: AS_TEXT | AS_INTEGER"},
      {"", "", "missing_marker: '?'", "missing_marker: [\"-\", \"?\", \"NA\"] | [\"-\", \"NA\"]"},
  };
  for (const auto& changed : cases) {
    ImportSchema rules = Rules(kRules + changed.common);
    ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(changed.tags, rules.mutable_slot(0)));
    ASSERT_TRUE(
        google::protobuf::TextFormat::MergeFromString(changed.age, rules.mutable_numeric(0)));
    EXPECT_THAT(Differing(rules).made, ElementsAre(changed.expected));
    EXPECT_THAT(Differing(rules).written, IsEmpty());
  }
}

TEST(CellRulesTest, WhichIdsAreKeptMattersWhereBothKeepSome) {
  ImportSchema two = Rules(), last = Rules();
  two.mutable_slot(0)->set_max_ids(2);
  last.mutable_slot(0)->set_keep(ColumnSlot::LAST);
  EXPECT_TRUE(DifferingRules(last, Rules()).empty());
  last.mutable_slot(0)->set_max_ids(2);
  EXPECT_THAT(DifferingRules(last, two).made, ElementsAre("slot tags: keep: LAST | FIRST"));
}

TEST(CellRulesTest, SlotsOfACrossCountInTheirOrder) {
  ImportSchema turned = Rules();
  turned.mutable_cross(0)->mutable_slot()->SwapElements(0, 1);
  EXPECT_THAT(Differing(turned).made, ElementsAre(HasSubstr("cross a_x_b: slot: [\"b\", \"a\"]")));
}

// Where one side has no separator, the slots are of two kinds, and their columns say so.
TEST(CellRulesTest, SeparatorsStandApart) {
  ImportSchema other = Rules();
  other.mutable_slot(0)->set_separator(",");
  other.mutable_slot(0)->set_value_separator("");
  EXPECT_THAT(Differing(other).made, IsEmpty());
  EXPECT_THAT(Differing(other).written, ElementsAre("slot tags: separator: \",\" | \"|\""));
}

TEST(CellRulesTest, WhatIsNoRuleOfACellDoesNotCount) {
  ImportSchema other = Rules();
  std::swap(*other.mutable_missing_marker(0), *other.mutable_missing_marker(1));
  other.set_delimiter(";");
  other.set_click("clicked");
  other.set_format(ImportSchema::LIBFFM);
  other.set_block_rows(7);
  other.mutable_slot(0)->set_column("7");
  other.mutable_slot(0)->set_min_count(5);
  other.mutable_cross(0)->set_min_count(5);
  other.mutable_numeric(0)->set_column("8");
  other.mutable_slot()->Add()->set_name("one that the other has not");
  EXPECT_TRUE(Differing(other).empty());
}

class RulesOfFilesTest : public ::testing::Test {
 protected:
  static LogSchema Knowing(const ImportSchema& rules) {
    LogSchema schema = FullSchema();
    schema.text = rules.SerializeAsString();
    return schema;
  }
  void Write(const std::string& path, const LogSchema& schema) {
    WriteLog(*files_, path, schema, {MakeBatch(FullSchema(), 10, 4, 0)});
  }
  const std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

TEST_F(RulesOfFilesTest, FilesOfOneLogThatDifferAreRefusedAndSeparatorsAreTold) {
  ImportSchema clipped = Rules(), commas = Rules();
  clipped.mutable_slot(0)->set_value_clip(2);
  commas.mutable_slot(0)->set_separator(",");
  Write("unknown.log", FullSchema());
  Write("a.log", Knowing(Rules()));
  Write("clipped.log", Knowing(clipped));
  Write("commas.log", Knowing(commas));
  Write("more.log", Knowing(commas));
  // The first one that knows its rules is compared with, whatever was before it.
  const Status refused = LogReader::Open(*files_, {"unknown.log", "a.log", "clipped.log"}).status();
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_THAT(refused.message(), AllOf(HasSubstr("clipped.log"), HasSubstr("than that of a.log"),
                                       HasSubstr("slot tags: value_clip: 2 | 0")));
  const auto log = LogReader::Open(*files_, {"unknown.log", "a.log", "commas.log", "more.log"});
  ASSERT_TRUE(log.ok()) << log.status().ToString();
  ASSERT_EQ((*log)->other_rules().size(), 1u);
  EXPECT_THAT(DoubtsOf((*log)->other_rules()[0], "a.log"),
              ElementsAre(AllOf(HasSubstr("commas.log and 1 more file: imported with other "
                                          "separators than a.log"),
                                HasSubstr("slot tags: separator: \",\" | \"|\""))));
}

TEST_F(RulesOfFilesTest, FilesThatAModelReadsAreNamedWithTheirRules) {
  ImportSchema clipped = Rules();
  clipped.mutable_slot(0)->set_value_clip(2);
  Write("clipped.log", Knowing(clipped));
  Write("unknown.log", FullSchema());
  const LogSchema model = Knowing(Rules()), unknown = FullSchema();
  const auto log = LogReader::Open(*files_, {"unknown.log", "clipped.log"}, &model);
  ASSERT_TRUE(log.ok()) << log.status().ToString();
  ASSERT_EQ((*log)->other_rules().size(), 1u);
  EXPECT_THAT(DoubtsOf((*log)->other_rules()[0], "the model"),
              ElementsAre(AllOf(HasSubstr("clipped.log: imported by other rules than the model"),
                                HasSubstr("slot tags: value_clip: 2 | 0"), HasSubstr("--like"))));
  const auto same = LogReader::Open(*files_, {"clipped.log"}, &unknown);
  ASSERT_TRUE(same.ok()) << same.status().ToString();
  EXPECT_TRUE((*same)->other_rules().empty());
}

}  // namespace
}  // namespace chorus::worker::testing
