#include "worker/import/delimited_row.h"

#include <gtest/gtest.h>

namespace chorus::worker {
namespace {

using Cells = std::vector<std::string>;

Cells SplitLine(std::string_view line, char delimiter = ',') {
  RowSplitter splitter(delimiter);
  const Status status = splitter.Split(line);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return {splitter.cells().begin(), splitter.cells().end()};
}

std::string ErrorOf(std::string_view line) {
  RowSplitter splitter(',');
  const Status status = splitter.Split(line);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  return status.message();
}

TEST(RowSplitter, CutsAtEveryDelimiter) {
  EXPECT_EQ(SplitLine("a,bc,d"), (Cells{"a", "bc", "d"}));
  EXPECT_EQ(SplitLine("a\tb,c", '\t'), (Cells{"a", "b,c"}));
}

TEST(RowSplitter, SaysWhatABackslashBeforeAQuoteMayMean) {
  EXPECT_EQ(ErrorOf("\"say \\\"hi\\\"\",2"),
            "cell 1: found 'hi\\\"\",2' behind a closing quote, expected a delimiter (does \\\" "
            "mean a quote? escape in the schema)");
}

TEST(RowSplitter, KeepsEmptyCells) {
  EXPECT_EQ(SplitLine(",a,,"), (Cells{"", "a", "", ""}));
  EXPECT_EQ(SplitLine(""), (Cells{""}));
  EXPECT_EQ(SplitLine("\"\",\"\""), (Cells{"", ""}));
  EXPECT_EQ(SplitLine("\"a\","), (Cells{"a", ""}));
}

TEST(RowSplitter, QuotedCellsHoldDelimitersAndDoubledQuotes) {
  EXPECT_EQ(SplitLine("1,\"a,b\",\"say \"\"hi\"\"\",2"), (Cells{"1", "a,b", "say \"hi\"", "2"}));
}

TEST(RowSplitter, QuotesInsideAnUnquotedCellAreOrdinary) {
  EXPECT_EQ(SplitLine("5\" disk,b\"\""), (Cells{"5\" disk", "b\"\""}));
}

TEST(RowSplitter, TabSeparatedTextHasNoQuoting) {
  EXPECT_EQ(SplitLine("\"a\t\"b\"", '\t'), (Cells{"\"a", "\"b\""}));
}

TEST(RowSplitter, CellsOfARowStayValidWhateverTheirQuoting) {
  std::string line;
  for (int i = 0; i < 1000; ++i) line += "\"x\"\"y\",";
  const Cells cells = SplitLine(line);
  ASSERT_EQ(cells.size(), 1001u);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(cells[i], "x\"y");
}

TEST(RowSplitter, RefusesAQuoteThatDoesNotEnd) {
  EXPECT_EQ(
      ErrorOf("a,\"bc,d"),
      "cell 2: found '\"bc,d', whose quote does not end in this line (line breaks inside cells "
      "are not supported)");
}

TEST(RowSplitter, RefusesTextBehindAClosingQuote) {
  EXPECT_EQ(ErrorOf("\"a\"b,c"),
            "cell 1: found 'b,c' behind a closing quote, expected a delimiter");
}

TEST(RowSplitter, RefusesNulBytes) {
  EXPECT_EQ(ErrorOf(std::string_view("ab\0c", 4)), "found a NUL byte at byte 3, expected text");
}

TEST(Shown, ShortensAndEscapes) {
  EXPECT_EQ(Shown("abc"), "'abc'");
  EXPECT_EQ(Shown(std::string_view("a\0\x1f\x7f", 4)), "'a\\x00\\x1f\\x7f'");
  EXPECT_EQ(Shown(std::string(41, 'x')), "'" + std::string(40, 'x') + "'...");
}

TEST(Shown, DoesNotCutAUtf8Character) {
  EXPECT_EQ(Shown(std::string(39, 'x') + "\xc3\xa4z"), "'" + std::string(39, 'x') + "'...");
}

}  // namespace
}  // namespace chorus::worker
