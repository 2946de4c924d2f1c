#include "worker/import/text_table.h"

#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"

namespace chorus::worker {
namespace {

TextInput Input(const std::string& name, const std::string& text, size_t piece = 1 << 20) {
  return {name, [=]() -> Result<std::unique_ptr<ByteSource>> {
            return std::unique_ptr<ByteSource>(std::make_unique<StringSource>(text, piece));
          }};
}

// Every row as "place number: cells joined by |", or "place number! message" when malformed; the
// error last.
std::vector<std::string> Rows(std::vector<TextInput> inputs, bool header) {
  auto table = TextTable::Open(std::move(inputs), ',', header);
  if (!table.ok()) return {table.status().message()};
  std::vector<std::string> rows;
  while (true) {
    const auto got = (*table)->Next();
    if (!got.ok()) rows.push_back(got.status().message());
    if (!got.ok() || !*got) return rows;
    std::string row = StrCat((*table)->Place(), " ", (*table)->row_number());
    if (!(*table)->malformed().ok()) {
      rows.push_back(StrCat(row, "! ", (*table)->malformed().message()));
      continue;
    }
    const auto& cells = (*table)->cells();
    rows.push_back(StrCat(row, ": ", Join({cells.begin(), cells.end()}, "|")));
  }
}

using Lines = std::vector<std::string>;

TEST(TextTable, NamesPlaceAndNumberOfEveryRow) {
  EXPECT_EQ(Rows({Input("t", "a,b\n1,2\n3,4\n")}, true), (Lines{"t:2 0: 1|2", "t:3 1: 3|4"}));
}

TEST(TextTable, WithoutHeaderColumnsAreNumbered) {
  auto table = TextTable::Open({Input("t", "x,y,z\n")}, ',', false);
  ASSERT_OK(table.status());
  EXPECT_EQ((*table)->columns(), (Lines{"0", "1", "2"}));
  EXPECT_EQ(Rows({Input("t", "x,y\n1,2\n")}, false), (Lines{"t:1 0: x|y", "t:2 1: 1|2"}));
}

TEST(TextTable, ToleratesCarriageReturnsAndAMissingLastLineEnd) {
  EXPECT_EQ(Rows({Input("t", "a,b\r\n1,2\r\n3,4")}, true), (Lines{"t:2 0: 1|2", "t:3 1: 3|4"}));
}

TEST(TextTable, SkipsAByteOrderMark) {
  EXPECT_EQ(Rows({Input("t",
                        "\xef\xbb\xbf"
                        "a,b\n1,2\n")},
                 true),
            (Lines{"t:2 0: 1|2"}));
  EXPECT_EQ(Rows({Input("t",
                        "\xef\xbb\xbf"
                        "1,2\n")},
                 false),
            (Lines{"t:1 0: 1|2"}));
}

TEST(TextTable, ReadsLinesThatSpanReadsOfAnySize) {
  for (const size_t piece : {1, 2, 3, 7}) {
    EXPECT_EQ(Rows({Input("t", "a,b\r\n10,20\r\n30,40", piece)}, true),
              (Lines{"t:2 0: 10|20", "t:3 1: 30|40"}));
  }
}

TEST(TextTable, ReadsALineLongerThanItsBuffer) {
  const std::string cell(5'000'000, 'x');
  const Lines rows = Rows({Input("t", "a,b\n" + cell + ",1\n2,3\n")}, true);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0], "t:2 0: " + cell + "|1");
  EXPECT_EQ(rows[1], "t:3 1: 2|3");
}

TEST(TextTable, JoinsSeveralInputsAndTakesTheHeaderOfEach) {
  EXPECT_EQ(Rows({Input("s", "a,b\n1,2\n"), Input("t", "a,b\n"), Input("u", "a,b\n3,4")}, true),
            (Lines{"s:2 0: 1|2", "u:2 1: 3|4"}));
  EXPECT_EQ(Rows({Input("s", "1,2\n"), Input("t", ""), Input("u", "3,4")}, false),
            (Lines{"s:1 0: 1|2", "u:1 1: 3|4"}));
}

TEST(TextTable, RefusesHeadersThatDiffer) {
  EXPECT_EQ(Rows({Input("s", "a,b\n1,2\n"), Input("t", "a,c\n1,2\n")}, true),
            (Lines{"s:2 0: 1|2", "t:1: the header names 'c' where that of s names 'b'"}));
  EXPECT_EQ(Rows({Input("s", "a,b\n"), Input("t", "a\n")}, true),
            (Lines{"t:1: the header has 1 columns, that of s has 2"}));
}

TEST(TextTable, RefusesInputWithoutAnything) {
  EXPECT_EQ(Rows({Input("t", "")}, true), (Lines{"t: found nothing, expected a header line"}));
  EXPECT_EQ(Rows({Input("t", "")}, false), (Lines{"the input holds no rows"}));
}

TEST(TextTable, SaysWhatIsMalformedAndGoesOn) {
  EXPECT_EQ(
      Rows({Input("t", "a,b\n1\n1,2,3\n\n\"1,2\n5,6\n")}, true),
      (Lines{"t:2 0! found 1 cells, expected 2", "t:3 1! found 3 cells, expected 2",
             "t:4 2! found 1 cells, expected 2",
             "t:5 3! cell 1: found '\"1,2', whose quote does not end in this line (line breaks "
             "inside cells are not supported)",
             "t:6 4: 5|6"}));
}

TEST(TextTable, UnpacksGzipWhateverTheName) {
  const std::string packed = Gzip("a,b\n1,2\n");
  for (const size_t piece : {size_t{1}, size_t{5}, size_t{1000}}) {
    EXPECT_EQ(Rows({Input("t.csv", packed, piece)}, true), (Lines{"t.csv:2 0: 1|2"}));
  }
}

TEST(TextTable, ReadsGzipMembersInARowAndZeroPaddingAsOneText) {
  const std::string packed = Gzip("a,b\n1,") + Gzip("") + Gzip("2\n3,4\n") + std::string(512, '\0');
  EXPECT_EQ(Rows({Input("t", packed)}, true), (Lines{"t:2 0: 1|2", "t:3 1: 3|4"}));
}

TEST(TextTable, SaysThatGzipDataEndsEarly) {
  std::string text = "a,b\n";
  for (int i = 0; i < 20000; ++i) text += StrCat(i * 7919, ",", i * 104729, "\n");
  const std::string packed = Gzip(text);
  for (const size_t bytes : {packed.size() - 1, packed.size() - 8, packed.size() / 2}) {
    const Lines rows = Rows({Input("t.gz", packed.substr(0, bytes))}, true);
    EXPECT_EQ(rows.back(), "t.gz: the gzip data ends early (is the file whole?)") << bytes;
  }
}

TEST(TextTable, SaysThatGzipDataIsDamaged) {
  std::string packed = Gzip("a,b\n1,2\n");
  packed[packed.size() - 6] ^= 1;  // the trailer's checksum
  EXPECT_EQ(Rows({Input("t.gz", packed)}, true).back(),
            "t.gz: the gzip data is damaged: incorrect data check");
  EXPECT_EQ(Rows({Input("t.gz", Gzip("a,b\n1,2\n") + "tail")}, true).back(),
            "t.gz: the gzip data is damaged: incorrect header check");
}

}  // namespace
}  // namespace chorus::worker
