#include "worker/import/column_plan.h"

#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"

namespace chorus::worker {
namespace {

const std::vector<std::string> kColumns = {"click", "sale", "user", "item", "price"};

std::string ErrorOf(const std::string& schema, const std::vector<std::string>& columns = kColumns,
                    const std::string& split_by = "") {
  const auto plan = PlanColumns(MakeSchema(schema), columns, split_by);
  EXPECT_EQ(plan.status().code(), Code::kInvalidArgument);
  return plan.status().message();
}

TEST(PlanColumns, OtherColumnsAreSlotsExceptThoseWithAUse) {
  const auto plan = PlanColumns(
      MakeSchema("group: 'user' other_columns_are_slots: true numeric { column: 'price' }"),
      kColumns, "");
  ASSERT_OK(plan.status());
  ASSERT_EQ(plan->schema.slots.size(), 1u);
  EXPECT_EQ(plan->schema.slots[0].name, "item");
  EXPECT_EQ(plan->schema.slots[0].key_space, "item");
  EXPECT_TRUE(plan->schema.has_group);
}

TEST(PlanColumns, AColumnThatOnlySplitsStaysASlot) {
  const auto plan = PlanColumns(MakeSchema("other_columns_are_slots: true"), kColumns, "user");
  ASSERT_OK(plan.status());
  EXPECT_EQ(plan->schema.slots.size(), 3u);
  EXPECT_EQ(plan->split_by, 2u);
}

TEST(PlanColumns, OneColumnMayServeSeveralFeatures) {
  const auto plan = PlanColumns(MakeSchema("group: 'user' slot { column: 'user' context: true }"
                                           "slot { column: 'user' name: 'again' context: true }"),
                                kColumns, "user");
  ASSERT_OK(plan.status());
  EXPECT_EQ(plan->contexts.slots.size(), 2u);
  EXPECT_EQ(plan->context_columns, (std::vector<uint32_t>{2}));
}

TEST(PlanColumns, NamesTheColumnThatIsMissing) {
  EXPECT_EQ(ErrorOf("click: 'clicks' slot { column: 'item' }"),
            "click: the text has no column 'clicks'; its columns are 'click', 'sale', 'user', "
            "'item', 'price'");
  EXPECT_EQ(ErrorOf("slot { column: 'shop' }").substr(0, 43),
            "slot.column: the text has no column 'shop';");
  EXPECT_EQ(ErrorOf("slot { column: 'item' }", kColumns, "who").substr(0, 41),
            "--split-by: the text has no column 'who';");
}

TEST(PlanColumns, RefusesWhatCannotBeMeant) {
  EXPECT_EQ(ErrorOf("conversion: 'click' slot { column: 'item' }"),
            "click and conversion are the same column 'click'");
  EXPECT_EQ(ErrorOf("slot { column: 'item' } numeric { column: 'price' name: 'item' }"),
            "two features are named 'item'");
  EXPECT_EQ(ErrorOf("slot { column: 'item' separator: ':' value_separator: ':' }"),
            "slot 'item': separator and value_separator are equal");
  EXPECT_EQ(ErrorOf("slot { column: 'item' }", {"click", "sale", "item", "item"}),
            "the header names column 'item' twice");
  EXPECT_EQ(
      ErrorOf(""),
      "the schema makes no features: write slot or numeric entries, or other_columns_are_slots");
  EXPECT_EQ(ErrorOf("other_columns_are_slots: true", {"click", "sale", ""}),
            "a column without a name cannot be a feature");
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
