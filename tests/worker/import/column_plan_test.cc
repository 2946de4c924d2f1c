#include "worker/import/column_plan.h"

#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"

namespace chorus::worker {
namespace {

const std::vector<std::string> kPlanColumns = {"click", "sale", "user", "item", "price"};

std::string PlanErrorOf(const std::string& schema,
                        const std::vector<std::string>& columns = kPlanColumns,
                        const std::string& split_by = "") {
  const auto plan = PlanColumns(MakeSchema(schema), columns, {.split_by = split_by});
  EXPECT_EQ(plan.status().code(), Code::kInvalidArgument);
  return plan.status().message();
}

TEST(PlanColumns, OtherColumnsAreSlotsExceptThoseWithAUse) {
  const auto plan = PlanColumns(
      MakeSchema("group: 'user' other_columns_are_slots: true numeric { column: 'price' }"),
      kPlanColumns, {});
  ASSERT_OK(plan.status());
  ASSERT_EQ(plan->schema.slots.size(), 1u);
  EXPECT_EQ(plan->schema.slots[0].name, "item");
  EXPECT_EQ(plan->schema.slots[0].key_space, "item");
  EXPECT_TRUE(plan->schema.has_group);
}

TEST(PlanColumns, AColumnThatOnlySplitsStaysASlot) {
  const auto plan =
      PlanColumns(MakeSchema("other_columns_are_slots: true"), kPlanColumns, {.split_by = "user"});
  ASSERT_OK(plan.status());
  EXPECT_EQ(plan->schema.slots.size(), 3u);
  EXPECT_EQ(plan->split_by, 2u);
}

TEST(PlanColumns, OneColumnMayServeSeveralFeatures) {
  const auto plan = PlanColumns(MakeSchema("group: 'user' slot { column: 'user' context: true }"
                                           "slot { column: 'user' name: 'again' context: true }"),
                                kPlanColumns, {.split_by = "user"});
  ASSERT_OK(plan.status());
  EXPECT_EQ(plan->contexts.slots.size(), 2u);
  EXPECT_EQ(plan->context_columns, (std::vector<uint32_t>{2}));
}

TEST(PlanColumns, NamesTheColumnThatIsMissing) {
  EXPECT_EQ(PlanErrorOf("click: 'clicks' slot { column: 'item' }"),
            "click: there is no column 'clicks'; its columns are 'click', 'sale', 'user', "
            "'item', 'price'; is 'click' meant?");
  EXPECT_EQ(PlanErrorOf("slot { column: 'shop' }").substr(0, 39),
            "slot.column: there is no column 'shop';");
  EXPECT_EQ(PlanErrorOf("slot { column: 'item' }", kPlanColumns, "who").substr(0, 37),
            "--split-by: there is no column 'who';");
}

TEST(PlanColumns, RefusesWhatCannotBeMeant) {
  EXPECT_EQ(PlanErrorOf("conversion: 'click' slot { column: 'item' }"),
            "click and conversion are the same column 'click'; a log of clicks alone is made "
            "without conversion");
  EXPECT_EQ(PlanErrorOf("slot { column: 'item' } numeric { column: 'price' name: 'item' }"),
            "two features are named 'item'");
  EXPECT_EQ(PlanErrorOf("slot { column: 'item' separator: ':' value_separator: ':' }"),
            "slot 'item': separator and value_separator are equal");
  EXPECT_EQ(PlanErrorOf("slot { column: 'item' }", {"click", "sale", "item", "item"}),
            "slot.column: the header names column 'item' twice, as column 3 and 4: rename one, or "
            "leave both out with exclude");
  EXPECT_EQ(PlanErrorOf("slot { column: 'item' keep: LARGEST_VALUE max_ids: 3 }"),
            "slot 'item': keep is LARGEST_VALUE, and without value_separator there are no values");
  EXPECT_EQ(PlanErrorOf("slot { column: 'item' } row_id_text: true"),
            "row_id_text needs row_id: which column has them?");
  EXPECT_EQ(
      PlanErrorOf(""),
      "the schema makes no features: write slot or numeric entries, or other_columns_are_slots");
}

TEST(PlanColumns, ALabelIsNoFeature) {
  EXPECT_EQ(PlanErrorOf("slot { column: 'item' } slot { column: 'click' }"),
            "click: \"click\" and slot { column: \"click\" } are one column: a label that is a "
            "feature too tells itself; remove one of these entries");
  EXPECT_EQ(
      PlanErrorOf("slot { column: 'item' } numeric { column: 'sale' name: 'sold' }"),
      "conversion: \"sale\" and numeric { column: \"sale\" } are one column: a label that is a "
      "feature too tells itself; remove one of these entries");
  // Wildcards pass labels over, and a model that was trained so may still score.
  EXPECT_EQ(PlanColumns(MakeSchema("slot { column: '*' }"), kPlanColumns, {})->schema.slots.size(),
            3u);
  ASSERT_OK(PlanColumns(MakeSchema("slot { column: 'click' }"), kPlanColumns, {.scoring = true})
                .status());
}

// What a model knows of text must not depend on what else the text holds, or on later defaults.
TEST(PlanColumns, SaysHowEveryFeatureWasMadeOfText) {
  const std::vector<std::string> columns = {"click", "sale", "user", "num_a", "num_b", "tags"};
  const auto plan = PlanColumns(
      MakeSchema("slot { column: 'tags' separator: '|' } numeric { column: 'num_*' missing: -2 } "
                 "exclude: 'num_b' other_columns_are_slots: true"),
      columns, {});
  ASSERT_OK(plan.status());
  ImportSchema text;
  ASSERT_TRUE(text.ParseFromString(plan->schema.text));
  ASSERT_EQ(text.slot_size(), 2);
  EXPECT_EQ(text.slot(0).column(), "tags");
  EXPECT_EQ(text.slot(0).separator(), "|");
  EXPECT_EQ(text.slot(1).column(), "user");
  EXPECT_EQ(text.slot(1).key_space(), "user");
  ASSERT_EQ(text.numeric_size(), 1);
  EXPECT_EQ(text.numeric(0).column(), "num_a");
  EXPECT_EQ(text.numeric(0).missing(), -2);
  EXPECT_EQ(text.missing_marker_size(), 14);
  EXPECT_FALSE(text.other_columns_are_slots());

  const auto again =
      PlanColumns(text, {"new", "tags", "num_c", "num_a", "user"}, {.scoring = true});
  ASSERT_OK(again.status());
  EXPECT_EQ(again->schema.slots, plan->schema.slots);
  EXPECT_EQ(again->schema.numerics, plan->schema.numerics);
  EXPECT_EQ(again->schema.text, plan->schema.text);
}

TEST(PlanColumns, ScoringNeedsFeaturesAlone) {
  const ImportSchema schema =
      MakeSchema("row_id: 'id' group: 'user' time: 'at' weight: 'w' other_columns_are_slots: true");
  const auto plan = PlanColumns(schema, {"item", "user", "sale"}, {.scoring = true});
  ASSERT_OK(plan.status());
  ASSERT_EQ(plan->schema.slots.size(), 1u);  // neither the group nor the label
  EXPECT_EQ(plan->schema.slots[0].name, "item");
  EXPECT_FALSE(plan->click || plan->conversion || plan->group || plan->row_id);
  const auto numbered = PlanColumns(schema, {"item", "id"}, {.scoring = true});
  ASSERT_OK(numbered.status());
  EXPECT_EQ(numbered->row_id, 1u);
}

std::vector<std::string> SlotNames(const ColumnPlan& plan) {
  std::vector<std::string> names;
  for (const SlotInfo& slot : plan.schema.slots) names.push_back(slot.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(PlanColumns, ColumnsWithoutANameAndTheIndexOfPandasAreLeftOut) {
  const auto plan = PlanColumns(MakeSchema("other_columns_are_slots: true"),
                                {"", "click", "sale", "item", "Unnamed: 4", "Unnamed: x"}, {});
  ASSERT_OK(plan.status());
  EXPECT_EQ(SlotNames(*plan), (Names{"item", "Unnamed: x"}));
  EXPECT_EQ(plan->left_out, (Names{"column 1 (no name)", "'Unnamed: 4'"}));
}

TEST(PlanColumns, ExcludedColumnsBecomeNothing) {
  const Names columns = {"click", "sale", "a", "b", "b", "id_1", "id_2"};
  const auto plan = PlanColumns(
      MakeSchema("other_columns_are_slots: true exclude: 'b' exclude: 'id_*'"), columns, {});
  ASSERT_OK(plan.status());
  EXPECT_EQ(SlotNames(*plan), (Names{"a"}));  // also the two that have one name
  EXPECT_EQ(plan->left_out, (Names{"'b'", "'b'", "'id_1'", "'id_2'"}));
  EXPECT_EQ(PlanErrorOf("slot { column: 'item' } exclude: 'item'"),
            "slot.column: column 'item' is in exclude too");
  EXPECT_EQ(PlanErrorOf("slot { column: 'item' } exclude: 'itme'").substr(0, 37),
            "exclude: there is no column 'itme'; i");
}

TEST(PlanColumns, WildcardsStandForColumnsThatNothingElseNames) {
  const Names columns = {"click", "sale", "C1", "C2", "C3", "num_a", "num_b", "C10"};
  const auto plan = PlanColumns(
      MakeSchema("slot { column: 'C?' key_space: 'c' } slot { column: 'C2' name: 'two' }"
                 "slot { column: 'C*' } numeric { column: 'num_*' transform: NONE }"),
      columns, {});
  ASSERT_OK(plan.status());
  EXPECT_EQ(SlotNames(*plan), (Names{"C1", "C3", "two", "C10"}));
  EXPECT_EQ(plan->schema.slots[1].key_space, "c");
  ASSERT_EQ(plan->schema.numerics.size(), 2u);
  EXPECT_EQ(plan->schema.numerics[1].name, "num_b");
  EXPECT_EQ(PlanErrorOf("slot { column: 'C*' }").substr(0, 38),
            "slot.column: there is no column 'C*'; ");
  EXPECT_EQ(PlanErrorOf("slot { column: 'it*' name: 'x' }"),
            "slot.column 'it*': several columns cannot have the one name 'x'");
}

TEST(PlanColumns, AWildcardDoesNotTakeTheColumnOfValuesOfAnotherSlot) {
  const ColumnType label = {ValueKind::kInteger}, ids = {ValueKind::kInteger, ColumnShape::kList},
                   values = {ValueKind::kNumber, ColumnShape::kList};
  const auto plan = PlanColumns(
      MakeSchema("slot { column: 'item_*' } slot { column: 'tags' value_column: 'item_weights' }"),
      {"click", "sale", "item_ids", "item_weights", "tags"},
      {.types = {label, label, ids, values, ids}});
  ASSERT_OK(plan.status());
  EXPECT_EQ(SlotNames(*plan), (Names{"item_ids", "tags"}));
}

TEST(PlanColumns, AColumnWhoseNameHoldsAStarIsThatColumn) {
  const auto plan =
      PlanColumns(MakeSchema("slot { column: 'a*' }"), {"click", "sale", "a*", "ab"}, {});
  ASSERT_OK(plan.status());
  EXPECT_EQ(SlotNames(*plan), (Names{"a*"}));
}

TEST(PlanColumns, GuessesWhatIsWrongWithAHeader) {
  const auto hint = [](const std::vector<std::string>& columns) {
    const std::string message = PlanErrorOf("slot { column: 'item' }", columns);
    return message.substr(message.rfind("; "));
  };
  EXPECT_EQ(hint({"Click", "sale", "item"}), "; is 'Click' meant?");
  EXPECT_EQ(hint({"click\tsale\titem"}),
            "; is the delimiter \"\\t\" instead? (delimiter in the schema)");
  EXPECT_EQ(hint({"0", "1", "17"}),
            "; these are numbers: has the text no header? (header: false in the schema)");
  EXPECT_EQ(hint({"click sale item"}),
            "; is the delimiter \" \" instead? (delimiter in the schema)");
}

TEST(PlanColumns, WithoutConversionTheLogSaysSo) {
  ImportSchema schema = MakeSchema("other_columns_are_slots: true");
  schema.clear_conversion();
  const auto plan = PlanColumns(schema, {"click", "item"}, {});
  ASSERT_OK(plan.status());
  EXPECT_TRUE(plan->schema.has_click);
  EXPECT_FALSE(plan->schema.has_conversion);
}

TEST(PlanColumns, UnlabelledTextNeedsNoLabelsAndMakesNoFeaturesOfThem) {
  const ImportSchema schema = MakeSchema("other_columns_are_slots: true");
  for (const Names& columns : {Names{"item", "sale"}, Names{"click", "sale", "item"}}) {
    const auto plan = PlanColumns(schema, columns, {.unlabelled = true});
    ASSERT_OK(plan.status());
    EXPECT_EQ(SlotNames(*plan), (Names{"item"}));
    EXPECT_FALSE(plan->schema.has_click || plan->schema.has_conversion);
  }
}

TEST(EscapeOf, TakesOneByteOrNone) {
  EXPECT_EQ(EscapeOf(MakeSchema("escape: '\\\\'")).value(), '\\');
  EXPECT_EQ(EscapeOf(MakeSchema("")).value(), '\0');
  for (const char* escape : {"ab", "\\n", "\\\"", ","}) {
    EXPECT_FALSE(EscapeOf(MakeSchema(StrCat("escape: \"", escape, "\""))).ok()) << escape;
  }
}

TEST(DelimiterOf, TakesOneByteThatIsNoQuoteAndNoLineEnd) {
  EXPECT_EQ(DelimiterOf(MakeSchema("delimiter: '\\t'")).value(), '\t');
  EXPECT_EQ(DelimiterOf(MakeSchema("delimiter: '\\x01'")).value(), '\x01');
  for (const char* delimiter : {"::", "\\n", "\\r", "\\\"", "\\x00"}) {
    EXPECT_FALSE(DelimiterOf(MakeSchema(StrCat("delimiter: \"", delimiter, "\""))).ok())
        << delimiter;
  }
}

}  // namespace
}  // namespace chorus::worker
