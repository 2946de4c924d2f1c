// What is said of rows that are empty, joined or cut too long, and of weights that are missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/worker/import/import_testing.h"
#include "worker/import/delimited_row.h"
#include "worker/import/row_parser.h"
#include "worker/import/text_table.h"

namespace chorus::worker {
namespace {

using testing::HasSubstr;
using testing::Not;

LineCutter CutterOf(const std::vector<std::string>& columns) {
  return LineCutter(std::make_unique<RowSplitter>(','), columns, /*has_header=*/true);
}

TEST(RowHintsTest, AHeaderThatComesAgainMayHaveAByteOrderMark) {
  LineCutter cutter = CutterOf({"a", "b"});
  EXPECT_FALSE(
      cutter.Cut("\xef\xbb\xbf"
                 "a,b"));
  EXPECT_FALSE(
      cutter.Cut("\xef\xbb\xbf"
                 "\"a\",b"));
  const std::vector<uint32_t> order = {1, 0};
  EXPECT_FALSE(
      cutter.Cut("\xef\xbb\xbf"
                 "b,a",
                 &order));
  ASSERT_TRUE(
      cutter.Cut("\xef\xbb\xbf"
                 "1,2"));  // no header: the cell stays as it is
  EXPECT_EQ(cutter.cells()[0],
            "\xef\xbb\xbf"
            "1");
}

TEST(RowHintsTest, TrailingDelimitersAreCounted) {
  LineCutter cutter = CutterOf({"a", "b", "c"});
  const auto error = [&cutter](const char* line) {
    EXPECT_TRUE(cutter.Cut(line));
    return cutter.malformed().message();
  };
  EXPECT_EQ(error("1,2,3,,"),
            "found 5 cells, expected 3 (the last 2 are empty: are there delimiters at the line's "
            "end?)");
  EXPECT_THAT(error("1,2,3,"), HasSubstr("(the last one is empty"));
  EXPECT_EQ(error("1,2,3,,4"), "found 5 cells, expected 3");
  EXPECT_EQ(error("1,"), "found 2 cells, expected 3");
}

class ParsedHintsTest : public testing::Test {
 protected:
  // "" where the row is read.
  std::string ErrorOf(const std::vector<std::string_view>& cells) {
    const auto plan = PlanColumns(
        MakeSchema("slot { column: 'hv' separator: '|' value_separator: ':' } time: 'ts'"),
        {"click", "sale", "hv", "ts"}, {});
    EXPECT_TRUE(plan.ok()) << plan.status().ToString();
    RowParser parser(*plan);
    return parser.Parse(cells, 0, &row_).message();
  }
  ParsedRow row_;
};

TEST_F(ParsedHintsTest, ARowOfDelimitersAloneIsSaidToBeEmpty) {
  EXPECT_THAT(ErrorOf({"", "", " ", ""}), HasSubstr("(every cell of this row is empty)"));
  EXPECT_THAT(ErrorOf({"", "", "", "5"}), Not(HasSubstr("every cell")));
}

TEST_F(ParsedHintsTest, AWeightThatIsMissingIsSaidToBe) {
  EXPECT_THAT(ErrorOf({"1", "0", "x:1|y:NaN", "5"}),
              HasSubstr("found 'y:NaN', expected id:weight with a finite weight (this one is "
                        "missing: give the id a weight, or leave it out of the cell)"));
  EXPECT_THAT(ErrorOf({"1", "0", "y:", "5"}), HasSubstr("this one is missing"));
  EXPECT_THAT(ErrorOf({"1", "0", "y:z", "5"}), Not(HasSubstr("missing")));
}

}  // namespace
}  // namespace chorus::worker
