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

using RowCells = std::vector<std::string_view>;
const RowCells kGood = {"1",         "0",   "77",     "alice",    "-5", "0.5", "Bern",
                        "3:1.5|x:2", "-12", "a;b;;a", "a:b:0.25", "",   "1.5"};

class RowParserTest : public testing::Test {
 protected:
  void SetUp() override {
    auto plan = PlanColumns(MakeSchema(kSchema), kColumns, {.split_by = "user"});
    ASSERT_OK(plan.status());
    plan_ = *plan;
    parser_ = std::make_unique<RowParser>(plan_);
  }

  std::string ErrorWith(size_t column, std::string_view cell) {
    RowCells cells = kGood;
    cells[column] = cell;
    const Status status = parser_->Parse(cells, 0, &row_);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << cell;
    return status.message();
  }

  using Notes = std::vector<std::pair<CellNote, uint64_t>>;
  Notes NotesOf(const std::string& column) {
    Notes notes;
    for (const ColumnNote& note : parser_->notes().List(kColumns)) {
      if (note.column == column) notes.emplace_back(note.note, note.count);
    }
    return notes;
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

TEST_F(RowParserTest, RowIdsMayBeTextsThatAreKept) {
  const auto plan =
      PlanColumns(MakeSchema("row_id: 'id' row_id_text: true slot { column: 'item' }"),
                  {"click", "sale", "id", "item"}, {});
  ASSERT_OK(plan.status());
  EXPECT_TRUE(plan->schema.has_row_id_text);
  RowParser parser(*plan);
  ASSERT_OK(parser.Parse({"0", "0", " a-17.0 ", "5"}, 3, &row_));
  EXPECT_EQ(row_.row_id_text, "a-17.0");
  EXPECT_EQ(row_.row_id, IdFromText("a-17.0"));
  ASSERT_OK(parser.Parse({"0", "0", "NULL", "5"}, 4, &row_));
  EXPECT_EQ(row_.row_id_text, "NULL");
  for (const std::string& bad : {std::string("a\tb"), std::string(1025, 'x')}) {
    EXPECT_EQ(parser.Parse({"0", "0", bad, "5"}, 5, &row_).code(), Code::kInvalidArgument);
  }
}

TEST_F(RowParserTest, EmptyCellsHaveNoIds) {
  RowCells cells = kGood;
  for (const size_t column : {6, 7, 8, 9, 10}) cells[column] = "";
  ASSERT_OK(parser_->Parse(cells, 0, &row_));
  EXPECT_TRUE(row_.context.keys.empty());
  EXPECT_TRUE(row_.exposure.keys.empty());
  EXPECT_EQ(row_.exposure.slot_ends, (std::vector<uint32_t>{0, 0, 0}));
}

TEST_F(RowParserTest, NamesColumnFoundAndExpected) {
  EXPECT_EQ(ErrorWith(2, "-1"),
            "column 'id': found '-1', expected an integer in [0, 2^64) (row_id_text: true keeps "
            "texts; without row_id in the schema, rows are numbered)");
  EXPECT_EQ(ErrorWith(4, "noon"),
            "column 'at': found 'noon', expected a number, or a date like 2025-11-27 16:00:00");
  for (const char* weight : {"-0.5", "nan", "inf", "1e39", "", "x"}) {
    EXPECT_EQ(ErrorWith(5, weight),
              StrCat("column 'w': found '", weight, "', expected a finite number >= 0"));
  }
  for (const char* piece : {"3", "3:x", ":1", "3:1e39"}) {
    EXPECT_EQ(
        ErrorWith(7, StrCat("1:1|", piece)),
        StrCat("column 'history': found '", piece, "', expected id:weight with a finite weight"));
  }
  EXPECT_EQ(ErrorWith(10, "a"),
            "column 'cross': found 'a', expected id:weight with a finite weight (texts that mean "
            "\"missing\": missing_marker)");
  EXPECT_EQ(
      ErrorWith(11, "1,5"),
      "column 'age': found '1,5', expected a finite number: this one has a decimal comma, and "
      "a point is read alone; write 1.5");
  EXPECT_EQ(ErrorWith(12, "-1e39"), "column 'price': found '-1e39', expected a finite number");
  EXPECT_EQ(ErrorWith(12, std::string(50, '9') + "unknown"),
            "column 'price': found '" + std::string(40, '9') +
                "'..., expected a finite number (texts that mean \"missing\": missing_marker)");
}

TEST_F(RowParserTest, ALabelThatIsNoneSaysWhatToDo) {
  EXPECT_EQ(ErrorWith(0, "x"),
            "column 'click': found 'x', expected 0 or 1 (or 0.0, 1.0, true, false, yes, no)");
  EXPECT_EQ(ErrorWith(0, ""),
            "column 'click': found '', expected 0 or 1 (rows without labels are imported with "
            "--unlabelled)");
  EXPECT_EQ(ErrorWith(0, "2"),
            "column 'click': found '2', expected 0 or 1: a count is no label; write 1 for counts "
            "above 0, or a row for each exposure");
  EXPECT_EQ(ErrorWith(1, "0.7"),
            "column 'sale': found '0.7', expected 0 or 1: a rate is no label; write one row with 1 "
            "and one with 0, and their shares in a weight column");
  EXPECT_EQ(ErrorWith(1, "-1"),
            "column 'sale': found '-1', expected 0 or 1: -1 may mean \"no\" or \"unknown\"; write "
            "0, or leave the row out");
  EXPECT_EQ(ErrorWith(1, "NULL"),  // clicked: whether it converted matters
            "column 'sale': found 'NULL', expected 0 or 1 (rows without labels are imported with "
            "--unlabelled)");
}

TEST_F(RowParserTest, LabelsMayBeSpeltAsProgramsWriteThem) {
  const std::vector<std::pair<std::string_view, int>> spellings = {
      {"0.0", 0}, {"1.0", 1}, {"True", 1}, {"FALSE", 0}, {"yes", 1}, {"No", 0},
      {" 1 ", 1}, {"t", 1},   {"f", 0},    {"1.", 1},    {"-0.0", 0}};
  for (const auto& [text, label] : spellings) {
    RowCells cells = kGood;
    cells[0] = text;
    ASSERT_OK(parser_->Parse(cells, 0, &row_));
    EXPECT_EQ(row_.click, label) << text;
  }
}

TEST_F(RowParserTest, AMissingConversionOfAnUnclickedRowIsZeroAndCounted) {
  RowCells cells = kGood;
  cells[0] = "0";
  cells[1] = "\\N";
  row_.conversion = 1;
  ASSERT_OK(parser_->Parse(cells, 0, &row_));
  EXPECT_EQ(row_.conversion, 0);
  EXPECT_EQ(NotesOf("sale"), (Notes{{CellNote::kNoConversion, 1}}));
}

TEST_F(RowParserTest, MarkersOfMissingValuesAreNoIdsAndNoNumbers) {
  for (const char* marker : {"", " ", "NaN", "NA", "N/A", "NULL", "null", "\\N", "None", "-"}) {
    RowCells cells = kGood;
    for (const size_t column : {6, 8, 12}) cells[column] = marker;
    cells[3] = cells[9] = marker;
    ASSERT_OK(parser_->Parse(cells, 0, &row_));
    EXPECT_EQ(row_.group, IdFromText("")) << marker;
    EXPECT_EQ(row_.context.slot_ends[0], 0u) << marker;
    EXPECT_EQ(row_.exposure.slot_ends[1], 0u) << marker;
    EXPECT_TRUE(std::isnan(row_.exposure.numerics[0])) << marker;
  }
  EXPECT_EQ(NotesOf("price"), (Notes{{CellNote::kMissing, 10}}));
  EXPECT_EQ(NotesOf("item"), (Notes{{CellNote::kMissing, 10}}));
}

TEST_F(RowParserTest, AMarkerAmongTheIdsOfACellIsLeftOut) {
  RowCells cells = kGood;
  cells[9] = "a;NULL; b ;";
  cells[7] = "3:1.5|NaN|nan:2";
  ASSERT_OK(parser_->Parse(cells, 0, &row_));
  EXPECT_EQ(row_.context.slot_ends, (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(row_.exposure.keys[1], KeyOf("tags", "a"));
  EXPECT_EQ(row_.exposure.keys[2], KeyOf("tags", "b"));
  EXPECT_EQ(NotesOf("tags"), (Notes{{CellNote::kMissing, 1}, {CellNote::kTrimmed, 1}}));
  EXPECT_EQ(NotesOf("history"), (Notes{{CellNote::kMissing, 2}}));
}

TEST_F(RowParserTest, IdsWrittenAsIntegralDecimalsAreIntegers) {
  for (const char* text : {"41.0", "41.", "41.000", " 41.0"}) {
    RowCells cells = kGood;
    cells[3] = cells[8] = text;
    ASSERT_OK(parser_->Parse(cells, 0, &row_));
    EXPECT_EQ(row_.exposure.keys[0], KeyOf("item", "41")) << text;
    EXPECT_EQ(row_.group, 41u) << text;
    EXPECT_EQ(row_.split_id, 41u) << text;
  }
  for (const char* text : {"41.50", "4.1.0", "041.0", "x.0", ".0", "1e2", "100"}) {
    RowCells cells = kGood;
    cells[8] = text;
    ASSERT_OK(parser_->Parse(cells, 0, &row_));
    EXPECT_EQ(row_.exposure.keys[0], KeyOf("item", text)) << text;
  }
  EXPECT_EQ(
      NotesOf("item"),
      (Notes{{CellNote::kTrimmed, 1}, {CellNote::kDecimalId, 4}, {CellNote::kExponentId, 1}}));
}

TEST_F(RowParserTest, TimesAreNumbersOrDatesAndOneOfTheTwo) {
  RowCells cells = kGood;
  const auto time_of = [&](std::string_view text) {
    cells[4] = text;
    EXPECT_TRUE(parser_->Parse(cells, 0, &row_).ok()) << text;
    return row_.time;
  };
  EXPECT_EQ(time_of(""), 0);
  EXPECT_EQ(time_of("881250949.0"), 881250949);
  EXPECT_EQ(time_of("8.81e8"), 881000000);
  EXPECT_EQ(time_of("-1.5"), -2);
  EXPECT_EQ(NotesOf("at"), (Notes{{CellNote::kMissing, 1}, {CellNote::kRoundedTime, 1}}));
  EXPECT_EQ(ErrorWith(4, "2025-11-27"),
            "column 'at': found '2025-11-27', expected a number, as in the rows before");
}

TEST_F(RowParserTest, ANoteKeepsItsFirstExample) {
  RowCells cells = kGood;
  cells[12] = "NaN";
  ASSERT_OK(parser_->Parse(cells, 0, &row_));
  ASSERT_TRUE(parser_->notes().wants_place());
  parser_->notes().SetPlace("in.csv:2");
  cells[12] = "NULL";
  ASSERT_OK(parser_->Parse(cells, 1, &row_));
  EXPECT_FALSE(parser_->notes().wants_place());
  for (const ColumnNote& note : parser_->notes().List(kColumns)) {
    if (note.column != "price") continue;
    EXPECT_EQ(note.count, 2u);
    EXPECT_EQ(note.example, "'NaN'");
    EXPECT_EQ(note.place, "in.csv:2");
  }
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
  RowCells other = kGood;
  other[6] = "Basel";
  uint64_t number = 0;
  const auto add = [&](const RowCells& cells) {
    ASSERT_OK(parser_->Parse(cells, number++, &row_));
    builder.Add(row_);
  };
  for (const RowCells& cells : {kGood, kGood, other, kGood, kGood}) add(cells);
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

// The exposure's keys and values of a row of one slot.
ParsedSide ParseOne(const std::string& schema, std::string_view cell) {
  const auto plan = PlanColumns(MakeSchema(schema), {"click", "sale", "tags"}, {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  RowParser parser(*plan);
  ParsedRow row;
  const Status status = parser.Parse({"0", "0", cell}, 0, &row);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return row.exposure;
}

TEST(RowParser, MaxIdsKeepsTheFirstTheLastOrTheLargest) {
  const auto keys = [](const std::string& keep, std::string_view cell) {
    const std::string schema = StrCat(
        "slot { column: 'tags' separator: '|' value_separator: ':' max_ids: 2 keep: ", keep, " }");
    return ParseOne(schema, cell);
  };
  const auto ids = [](std::initializer_list<const char*> names) {
    std::vector<Key> out;
    for (const char* name : names) out.push_back(KeyOf("tags", name));
    return out;
  };
  constexpr std::string_view kCell = "a:1|b:3|c:2|d:3";
  EXPECT_EQ(keys("FIRST", kCell).keys, ids({"a", "b"}));
  EXPECT_EQ(keys("LAST", kCell).keys, ids({"c", "d"}));
  EXPECT_EQ(keys("LAST", kCell).values, (std::vector<float>{2, 3}));
  EXPECT_EQ(keys("LARGEST_VALUE", kCell).keys, ids({"b", "d"}));
  EXPECT_EQ(keys("LARGEST_VALUE", "a:1|b:1|c:1|d:0").keys, ids({"a", "b"}));
  EXPECT_EQ(keys("LARGEST_VALUE", "a:1|b:3|c:2").values, (std::vector<float>{3, 2}));
  EXPECT_EQ(keys("FIRST", "a:1|b:3").keys, ids({"a", "b"}));
}

TEST(RowParser, TheSchemaSaysWhatIsMissingAndWhatIsAnId) {
  const std::string slot = "slot { column: 'tags' } ";
  const auto keys = [&](const std::string& schema, std::string_view cell) {
    return ParseOne(schema, cell).keys;
  };
  EXPECT_EQ(keys(slot + "missing_marker: '?'", "?").size(), 0u);
  EXPECT_EQ(keys(slot + "missing_marker: '?'", "NULL"), (std::vector<Key>{KeyOf("tags", "NULL")}));
  EXPECT_EQ(keys(slot + "missing_marker: ''", "-"), (std::vector<Key>{KeyOf("tags", "-")}));
  EXPECT_EQ(keys("slot { column: 'tags' keep_markers: true }", "NA"),
            (std::vector<Key>{KeyOf("tags", "NA")}));
  EXPECT_EQ(keys("slot { column: 'tags' keep_markers: true }", "").size(), 0u);
  EXPECT_EQ(keys(slot + "trim: false", " a"), (std::vector<Key>{KeyOf("tags", " a")}));
  EXPECT_EQ(keys(slot + "decimal_ids: AS_TEXT", "41.0"), (std::vector<Key>{KeyOf("tags", "41.0")}));
}

TEST(RowParser, WithoutContextColumnsABlockHasOneContextWithoutFeatures) {
  const auto plan =
      PlanColumns(MakeSchema("slot { column: 'item' }"), {"click", "sale", "item"}, {});
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
