// What an import doubts of labels and features: each is one line with a remedy, and said once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"
#include "worker/import/import.h"

namespace chorus::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ImportDoubtsTest : public ::testing::Test {
 protected:
  // What an import of the text warns of.
  std::string WarningsOf(const ImportSchema& schema, const std::string& text,
                         ImportOptions options = {}) {
    WriteFile(*files_, "in.csv", text);
    options.inputs = {"in.csv"};
    options.output = StrCat("out", ++imports_);
    ::testing::internal::CaptureStderr();
    const auto summary = ImportText(*files_, schema, options);
    const std::string warnings = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(summary.ok()) << summary.status().ToString();
    if (summary.ok()) summary_ = *summary;
    return warnings;
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  ImportSummary summary_;
  int imports_ = 0;
};

std::string RowsWithLabels(int rows, int clicks_of_each, int sales_of_each) {
  std::string text = "click,sale,item\n";
  for (int i = 0; i < rows; ++i) {
    text += StrCat(clicks_of_each > 0 && i % clicks_of_each == 0 ? 1 : 0, ",",
                   sales_of_each > 0 && i % sales_of_each == 0 ? 1 : 0, ",", i % 5, "\n");
  }
  return text;
}

TEST_F(ImportDoubtsTest, APartWithoutAnyOfTheConversions) {
  std::string text = "click,sale,item,day\n";
  for (int i = 0; i < 40; ++i) {
    text += StrCat(i % 2, ",", i < 20 ? i % 2 : 0, ",", i % 5, ",", i < 30 ? 1 : 2, "\n");
  }
  const ImportSchema schema = MakeSchema("conversion: 'sale' time: 'day' slot { column: 'item' }");
  const ImportOptions by_day = {.split = *Split::ParseTimes("day:2")};
  EXPECT_THAT(WarningsOf(schema, text, by_day),
              HasSubstr("part 'test' has none of the 10 conversions, and can neither teach nor "
                        "judge them"));
  EXPECT_THAT(WarningsOf(schema, text), Not(HasSubstr("has none of the")));
}

// While one is tested the others teach.
TEST_F(ImportDoubtsTest, AFoldWithoutAnyOfTheConversionsIsFine) {
  std::string text = "click,sale,item\n";
  for (int i = 0; i < 40; ++i) text += StrCat(i % 2, ",", i == 7 ? 1 : 0, ",", i % 5, "\n");
  const ImportSchema schema = MakeSchema("conversion: 'sale' slot { column: 'item' }");
  EXPECT_EQ(WarningsOf(schema, text, {.split = *Split::Parse("folds:5")}), "");
  EXPECT_THAT(WarningsOf(schema, text, {.split = *Split::Parse("a:0.2,b:0.8")}),
              HasSubstr(" has none of the 1 conversion, and"));
}

TEST_F(ImportDoubtsTest, ALogWithoutAnyClick) {
  const ImportSchema schema = MakeSchema("slot { column: 'item' }");
  EXPECT_THAT(WarningsOf(schema, RowsWithLabels(50, 0, 0)),
              HasSubstr("no row of 50 has a click, and nothing can be learnt without: is click: "
                        "\"click\" the right column"));
  ImportSchema clicks = schema;
  clicks.clear_conversion();
  EXPECT_THAT(WarningsOf(clicks, RowsWithLabels(50, 0, 0)), HasSubstr("no row of 50 has a click"));
  EXPECT_EQ(WarningsOf(clicks, RowsWithLabels(50, 5, 0)), "");
}

TEST_F(ImportDoubtsTest, ALogWithoutAnyConversion) {
  const ImportSchema schema = MakeSchema("slot { column: 'item' }");
  EXPECT_THAT(WarningsOf(schema, RowsWithLabels(50, 5, 0)),
              HasSubstr("none of 10 clicks has a conversion, and nothing can be learnt of them: is "
                        "conversion: \"sale\" the right column?"));
  EXPECT_EQ(WarningsOf(schema, RowsWithLabels(50, 5, 25)), "");
  EXPECT_EQ(WarningsOf(schema, RowsWithLabels(50, 5, 0), {.unlabelled = true}), "");
}

TEST_F(ImportDoubtsTest, ColumnsWhoseCellsAreAllMissing) {
  std::string text = "click,sale,item,shop,price,age\n";
  for (int i = 0; i < 40; ++i) {
    text += StrCat(i % 2, ",", i % 4 == 1 ? 1 : 0, ",", i % 5, ",NULL,,", i == 7 ? "30" : "", "\n");
  }
  const std::string warnings = WarningsOf(
      MakeSchema("slot { column: 'item' } slot { column: 'shop' context: true } "
                 "numeric { column: 'price' transform: STANDARD } numeric { column: 'age' }"),
      text);
  EXPECT_THAT(warnings,
              AllOf(HasSubstr("column 'shop': every cell is missing"),
                    HasSubstr("column 'price': every cell is missing"), Not(HasSubstr("'item'"))));
}

TEST_F(ImportDoubtsTest, OfManyMissingColumnsTheFirstAreNamedAndTheOthersCounted) {
  std::string schema, header = "click,sale", row;
  for (int i = 0; i < 50; ++i) {
    schema += StrCat("slot { column: 'c", i, "' } ");
    header += StrCat(",c", i);
    row += ",";
  }
  const std::string warnings =
      WarningsOf(MakeSchema(schema), header + "\n1,1" + row + "\n0,0" + row + "\n");
  EXPECT_THAT(warnings,
              AllOf(HasSubstr("column 'c19': every cell is missing"), Not(HasSubstr("'c20'")),
                    HasSubstr("and 30 other columns teach nothing")));
}

TEST_F(ImportDoubtsTest, NumbersThatAreAllTheSame) {
  std::string text = "click,sale,item,price,age\n";
  for (int i = 0; i < 40; ++i) {
    text += StrCat(i % 2, ",", i % 4 == 1 ? 1 : 0, ",", i % 5, ",7.5,", i % 3, "\n");
  }
  for (const char* transform : {"STANDARD", "LOG_STANDARD", "NONE"}) {
    const ImportSchema schema = MakeSchema(
        StrCat("slot { column: 'item' } numeric { column: 'price' transform: ", transform,
               " } numeric { column: 'age' transform: STANDARD }"));
    EXPECT_THAT(WarningsOf(schema, text),
                AllOf(HasSubstr("numeric 'price': every value is 7.5 (standard deviation 0)"),
                      Not(HasSubstr("'age'"))));
    // A later day may be so; its means are another log's.
    EXPECT_EQ(WarningsOf(schema, text, {.like = StrCat("out", imports_)}), "");
  }
}

TEST_F(ImportDoubtsTest, NumbersBelowZeroWhoseLogarithmIsTaken) {
  std::string text = "click,sale,item,price,change\n";
  for (int i = 0; i < 40; ++i) {
    text += StrCat(i % 2, ",", i % 4 == 1 ? 1 : 0, ",", i % 5, ",", i % 8 == 3 ? -1 : i, ",",
                   i - 20, "\n");
  }
  const std::string warnings =
      WarningsOf(MakeSchema("slot { column: 'item' } numeric { column: 'price' transform: "
                            "LOG_STANDARD } numeric { column: 'change' transform: STANDARD }"),
                 text);
  EXPECT_THAT(warnings, AllOf(HasSubstr("numeric 'price': 5 values are below 0, the first '-1' at "
                                        "in.csv:5, and LOG_STANDARD reads them as 0"),
                              HasSubstr("missing_marker"), Not(HasSubstr("'change'"))));
  EXPECT_THAT(
      FormatSummary(summary_),
      HasSubstr("price: below 0, read as 0 (LOG_STANDARD) 5 (the first: '-1' at in.csv:5)"));
}

}  // namespace
}  // namespace chorus::worker
