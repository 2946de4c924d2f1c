#include "worker/import/row_parser.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"
#include "worker/import/block_builder.h"

namespace chorus::worker {
namespace {

constexpr char kSchema[] = R"(
    row_id: "id" group: "user" time: "at" weight: "w"
    slot { column: "city" context: true key_space: "geo" }
    slot { column: "history" context: true separator: "|" value_separator: ":" }
    slot { column: "item" }
    slot { column: "tags" separator: ";" }
    slot { column: "cross" value_separator: ":" }
    numeric { column: "age" context: true transform: NONE missing: -1 }
    numeric { column: "price" transform: LOG_STANDARD })";
const std::vector<std::string> kColumns = {"click", "sale", "id",      "user", "at",
                                           "w",     "city", "history", "item", "tags",
                                           "cross", "age",  "price"};

using Cells = std::vector<std::string_view>;
const Cells kGood = {"1",         "0",   "77",     "alice",    "-5", "0.5", "Bern",
                     "3:1.5|x:2", "-12", "a;b;;a", "a:b:0.25", "",   "1.5"};

class RowParserTest : public testing::Test {
 protected:
  void SetUp() override {
    auto plan = PlanColumns(MakeSchema(kSchema), kColumns, "user");
    ASSERT_OK(plan.status());
    plan_ = *plan;
    parser_ = std::make_unique<RowParser>(plan_);
  }

  std::string ErrorWith(size_t column, std::string_view cell) {
    Cells cells = kGood;
    cells[column] = cell;
    const Status status = parser_->Parse(cells, 0, &row_);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << cell;
    return status.message();
  }

  ColumnPlan plan_;
  std::unique_ptr<RowParser> parser_;
  ParsedRow row_;
};

Key KeyOf(std::string_view space, std::string_view id) {
  return MakeKey(SpaceSeed(space), IdFromText(id));
}

TEST_F(RowParserTest, ReadsEveryKindOfColumn) {
  ASSERT_OK(parser_->Parse(kGood, 3, &row_));
  EXPECT_EQ(row_.click, 1);
  EXPECT_EQ(row_.conversion, 0);
  EXPECT_EQ(row_.row_id, 77u);
  EXPECT_EQ(row_.group, IdFromText("alice"));
  EXPECT_EQ(row_.split_id, IdFromText("alice"));
  EXPECT_EQ(row_.time, -5);
  EXPECT_EQ(row_.weight, 0.5f);
  EXPECT_EQ(row_.context.keys,
            (std::vector<Key>{KeyOf("geo", "Bern"), KeyOf("history", "3"), KeyOf("history", "x")}));
  EXPECT_EQ(row_.context.values, (std::vector<float>{1, 1.5, 2}));
  EXPECT_EQ(row_.context.slot_ends, (std::vector<uint32_t>{1, 3}));
  EXPECT_TRUE(std::isnan(row_.context.numerics[0]));
  EXPECT_EQ(row_.exposure.keys,
            (std::vector<Key>{KeyOf("item", "-12"), KeyOf("tags", "a"), KeyOf("tags", "b"),
                              KeyOf("tags", "a"), KeyOf("cross", "a:b")}));
  EXPECT_EQ(row_.exposure.values, (std::vector<float>{1, 1, 1, 1, 0.25}));
  EXPECT_EQ(row_.exposure.slot_ends, (std::vector<uint32_t>{1, 4, 5}));
  EXPECT_NEAR(row_.exposure.numerics[0], std::log1p(1.5), 1e-15);
}

TEST_F(RowParserTest, EmptyCellsHaveNoIds) {
  Cells cells = kGood;
  for (const size_t column : {6, 7, 8, 9, 10}) cells[column] = "";
  ASSERT_OK(parser_->Parse(cells, 0, &row_));
  EXPECT_TRUE(row_.context.keys.empty());
  EXPECT_TRUE(row_.exposure.keys.empty());
  EXPECT_EQ(row_.exposure.slot_ends, (std::vector<uint32_t>{0, 0, 0}));
}

TEST_F(RowParserTest, NamesColumnFoundAndExpected) {
  EXPECT_EQ(ErrorWith(0, "2"), "column 'click': found '2', expected 0 or 1");
  EXPECT_EQ(ErrorWith(0, ""), "column 'click': found '', expected 0 or 1");
  EXPECT_EQ(ErrorWith(1, "1.0"), "column 'sale': found '1.0', expected 0 or 1");
  EXPECT_EQ(ErrorWith(2, "-1"), "column 'id': found '-1', expected an integer in [0, 2^64)");
  EXPECT_EQ(ErrorWith(4, "1e3"), "column 'at': found '1e3', expected an integer in [-2^63, 2^63)");
  for (const char* weight : {"-0.5", "nan", "inf", "1e39", "", "x"}) {
    EXPECT_EQ(ErrorWith(5, weight),
              StrCat("column 'w': found '", weight, "', expected a finite number >= 0"));
  }
  for (const char* piece : {"3", "3:", "3:x", ":1", "3:1e39", "3:nan"}) {
    EXPECT_EQ(
        ErrorWith(7, StrCat("1:1|", piece)),
        StrCat("column 'history': found '", piece, "', expected id:weight with a finite weight"));
  }
  EXPECT_EQ(ErrorWith(10, "a"),
            "column 'cross': found 'a', expected id:weight with a finite weight");
  EXPECT_EQ(ErrorWith(11, "12 "), "column 'age': found '12 ', expected a finite number");
  EXPECT_EQ(ErrorWith(12, "-1e39"), "column 'price': found '-1e39', expected a finite number");
  EXPECT_EQ(ErrorWith(12, std::string(50, '9') + "x"),
            "column 'price': found '" + std::string(40, '9') + "'..., expected a finite number");
}

TEST_F(RowParserTest, ABadRowBetweenRowsOfAContextDoesNotEndIt) {
  ASSERT_OK(parser_->Parse(kGood, 0, &row_));
  const uint64_t serial = row_.context_serial;
  ErrorWith(0, "2");
  ErrorWith(12, "x");
  ASSERT_OK(parser_->Parse(kGood, 1, &row_));
  EXPECT_EQ(row_.context_serial, serial);
  EXPECT_EQ(row_.context.keys.size(), 3u);
}

TEST_F(RowParserTest, ABadContextIsNotTakenForTheNextRows) {
  ErrorWith(7, "1:x");
  ASSERT_OK(parser_->Parse(kGood, 1, &row_));
  EXPECT_EQ(row_.context.keys.size(), 3u);
  EXPECT_GT(row_.context_serial, 0u);
}

TEST_F(RowParserTest, BlocksShareAContextAmongItsConsecutiveRows) {
  BlockBuilder builder(plan_, plan_.schema);
  Cells other = kGood;
  other[6] = "Basel";
  uint64_t number = 0;
  const auto add = [&](const Cells& cells) {
    ASSERT_OK(parser_->Parse(cells, number++, &row_));
    builder.Add(row_);
  };
  for (const Cells& cells : {kGood, kGood, other, kGood, kGood}) add(cells);
  const Batch first = builder.Take();
  EXPECT_EQ(first.context_of, (std::vector<uint32_t>{0, 0, 1, 2, 2}));
  EXPECT_EQ(first.contexts.rows, 3u);
  EXPECT_EQ(first.contexts.slots[1].offsets, (std::vector<uint32_t>{0, 2, 4, 6}));
  EXPECT_EQ(first.contexts.slots[1].values, (std::vector<float>{1.5, 2, 1.5, 2, 1.5, 2}));
  EXPECT_TRUE(first.contexts.slots[0].values.empty());  // has no values: all are 1
  EXPECT_EQ(first.contexts.numerics[0], (std::vector<float>{-1, -1, -1}));

  add(kGood);  // the same context goes on in the next block, which repeats it
  const Batch second = builder.Take();
  EXPECT_EQ(second.context_of, (std::vector<uint32_t>{0}));
  EXPECT_EQ(second.contexts.slots[0].keys, (std::vector<Key>{KeyOf("geo", "Bern")}));
  EXPECT_EQ(second.row_id, (std::vector<uint64_t>{77}));
}

TEST(RowParser, WithoutContextColumnsABlockHasOneContextWithoutFeatures) {
  const auto plan =
      PlanColumns(MakeSchema("slot { column: 'item' }"), {"click", "sale", "item"}, "");
  ASSERT_OK(plan.status());
  RowParser parser(*plan);
  BlockBuilder builder(*plan, plan->schema);
  ParsedRow row;
  for (uint64_t i = 0; i < 3; ++i) {
    ASSERT_OK(parser.Parse({"0", "0", "5"}, i, &row));
    builder.Add(row);
  }
  const Batch batch = builder.Take();
  EXPECT_EQ(batch.context_of, (std::vector<uint32_t>{0, 0, 0}));
  EXPECT_EQ(batch.contexts.rows, 1u);
  EXPECT_EQ(batch.row_id, (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_TRUE(batch.weight.empty() && batch.group.empty() && batch.time.empty());
}

}  // namespace
}  // namespace chorus::worker
