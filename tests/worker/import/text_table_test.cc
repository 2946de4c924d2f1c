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
  auto table = TextTable::Open(std::move(inputs), {.header = header});
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
  auto table = TextTable::Open({Input("t", "x,y,z\n")}, {.header = false});
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

constexpr char kRemedy[] =
    ": the files of one command have the same columns. Import each kind by itself, the later ones "
    "with --like the first one's log, and name all logs in data.log";

TEST(TextTable, RefusesHeadersThatDiffer) {
  EXPECT_EQ(Rows({Input("s", "a,b\n1,2\n"), Input("t", "a,c\n1,2\n")}, true),
            (Lines{"s:2 0: 1|2",
                   StrCat("t:1: the header names 'c' where that of s names 'b'", kRemedy)}));
  EXPECT_EQ(Rows({Input("s", "a,b\n"), Input("t", "a\n")}, true),
            (Lines{StrCat("t:1: the header has 1 columns, that of s has 2", kRemedy)}));
  // By name, "a" could be either one.
  EXPECT_EQ(Rows({Input("s", "a,a,b\n"), Input("t", "a,b,a\n")}, true),
            (Lines{StrCat("t:1: the header names 'b' where that of s names 'a'", kRemedy)}));
}

TEST(TextTable, ReadsHeadersOfAnotherOrderByName) {
  EXPECT_EQ(Rows({Input("s", "a,b,c\n1,2,3\n"), Input("t", "c,a,b\n3,1,2\nc,a,b\n3,1\n6,4,5\n"),
                  Input("u", "a,b,c\n7,8,9\n")},
                 true),
            (Lines{"s:2 0: 1|2|3", "t:2 1: 1|2|3", "t:4 2! found 2 cells, expected 3",
                   "t:5 3: 4|5|6", "u:2 4: 7|8|9"}));
}

TEST(TextTable, RefusesInputWithoutAnything) {
  EXPECT_EQ(Rows({Input("t", "")}, true), (Lines{"t: found nothing, expected a header line"}));
  EXPECT_EQ(Rows({Input("t", "")}, false), (Lines{"the input holds no rows"}));
}

TEST(TextTable, SaysWhatIsMalformedAndGoesOn) {
  EXPECT_EQ(
      Rows({Input("t", "a,b\n1\n1,2,3\n1,2,\n\"1,2\n5,6\n")}, true),
      (Lines{"t:2 0! found 1 cells, expected 2", "t:3 1! found 3 cells, expected 2",
             "t:4 2! found 3 cells, expected 2 (the last one is empty: is there a delimiter at the "
             "line's end?)",
             "t:5 3! cell 1: found '\"1,2', whose quote does not end in this line (line breaks "
             "inside cells are not supported)",
             "t:6 4: 5|6"}));
}

// The rows, and what was skipped on the way, as "blank repeated empty".
std::string Skipped(std::vector<TextInput> inputs, bool header = true, char delimiter = ',') {
  auto table = TextTable::Open(std::move(inputs), {.delimiter = delimiter, .header = header});
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  while ((*table)->Next().value()) {
  }
  const SkippedText& skipped = (*table)->skipped();
  return StrCat(skipped.blank_lines, " ", skipped.repeated_headers, " ", skipped.empty_inputs);
}

TEST(TextTable, PassesOverBlankLinesAndKeepsThePlacesOfRows) {
  const TextInput input = Input("t", "\n a, b\n1,2\n\r\n \t \n3,4\n\n\n");
  EXPECT_EQ(Rows({input}, true), (Lines{"t:3 0: 1|2", "t:6 1: 3|4"}));
  EXPECT_EQ(Skipped({input}), "5 0 0");
  EXPECT_EQ(Rows({Input("t", "\n1,2\n\n3,4")}, false), (Lines{"t:2 0: 1|2", "t:4 1: 3|4"}));
}

TEST(TextTable, ALineOfDelimitersIsNotBlank) {
  EXPECT_EQ(Skipped({Input("t", "a\tb\n\t\n1\t2\n")}, true, '\t'), "0 0 0");
  EXPECT_EQ(Skipped({Input("t", "a b\n \n1 2\n")}, true, ' '), "0 0 0");
}

TEST(TextTable, PassesOverTheHeaderWhereFilesWereJoined) {
  const TextInput input = Input("t", "a, b\n1,2\n\na,b\n3,4\na,c\n");
  EXPECT_EQ(Rows({input}, true), (Lines{"t:2 0: 1|2", "t:5 1: 3|4", "t:6 2: a|c"}));
  EXPECT_EQ(Skipped({input}), "1 1 0");
}

TEST(TextTable, PassesOverInputsWithoutALine) {
  const std::vector<TextInput> inputs = {Input("r", ""), Input("s", "a,b\n1,2\n"),
                                         Input("t", Gzip("")), Input("u", "a,b\n3,4\n"),
                                         Input("v", "")};
  EXPECT_EQ(Rows(inputs, true), (Lines{"s:2 0: 1|2", "u:2 1: 3|4"}));
  EXPECT_EQ(Skipped(inputs), "0 0 3");
  EXPECT_EQ(Skipped({Input("s", "1,2\n"), Input("t", "")}, false), "0 0 1");
  EXPECT_EQ(Rows({Input("s", ""), Input("t", "\n")}, true),
            (Lines{"s: found nothing, nor in any other input, expected a header line"}));
}

TEST(TextTable, RefusesOldMacLineEndsByName) {
  EXPECT_EQ(Rows({Input("t", "a,b\r1,2\r3,4\r")}, true),
            (Lines{"t:1: lines end in a carriage return alone, as on old Macs: convert them with "
                   "tr '\\r' '\\n'"}));
}

TEST(TextTable, RefusesDoubledCarriageReturnsByName) {
  EXPECT_EQ(
      Rows({Input("t", "a,b\r\r\n1,2\r\r\n")}, true),
      (Lines{"t:1: lines end in two carriage returns and a line feed (\\r\\r\\n), as texts do "
             "whose ends were converted twice: convert them with tr -d '\\r'"}));
}

TEST(TextTable, BackslashesInQuotedCellsEscapeWhereTheFormatSaysSo) {
  auto table = TextTable::Open({Input("t", "\"say \\\"hi\\\"\",\"c:\\\\\",\"\\N\"\n")},
                               {.header = false, .escape = '\\'});
  ASSERT_OK(table.status());
  ASSERT_TRUE((*table)->Next().value());
  ASSERT_OK((*table)->malformed());
  const auto& cells = (*table)->cells();
  EXPECT_EQ((Lines{cells.begin(), cells.end()}), (Lines{"say \"hi\"", "c:\\", "\\N"}));
}

TEST(TextTable, UnpacksGzipWhateverTheName) {
  const std::string packed = Gzip("a,b\n1,2\n");
  for (const size_t piece : {size_t{1}, size_t{5}, size_t{1000}}) {
    EXPECT_EQ(Rows({Input("t.csv", packed, piece)}, true), (Lines{"t.csv:2 0: 1|2"}));
  }
}

using Packer = std::string (*)(std::string_view);
constexpr std::pair<const char*, Packer> kPackers[] = {
    {"gzip", Gzip}, {"zstd", Zstd}, {"bzip2", Bzip2}, {"xz", Xz}};

std::string LongTable() {
  std::string text = "a,b\n";
  for (int i = 0; i < 20000; ++i) text += StrCat(i * 7919, ",", i * 104729, "\n");
  return text;
}

TEST(TextTable, UnpacksEveryPackingInPiecesOfAnySize) {
  for (const auto& [name, pack] : kPackers) {
    const std::string packed = pack("a,b\n1,2\n");
    for (const size_t piece : {size_t{1}, size_t{5}, size_t{1000}}) {
      EXPECT_EQ(Rows({Input("t", packed, piece)}, true), (Lines{"t:2 0: 1|2"})) << name;
    }
    EXPECT_EQ(Rows({Input("t", pack(LongTable()))}, true), Rows({Input("t", LongTable())}, true))
        << name;
    const std::string several =
        pack("a,b\n1,") + pack("") + pack("2\n3,4\n") + std::string(512, '\0');
    EXPECT_EQ(Rows({Input("t", several)}, true), (Lines{"t:2 0: 1|2", "t:3 1: 3|4"})) << name;
  }
}

TEST(TextTable, SaysThatPackedDataEndsEarlyOrIsDamaged) {
  for (const auto& [name, pack] : kPackers) {
    const std::string packed = pack(LongTable());
    for (const size_t bytes : {packed.size() - 1, packed.size() - 3, packed.size() / 2}) {
      EXPECT_EQ(Rows({Input("t", packed.substr(0, bytes))}, true).back(),
                StrCat("t: the ", name, " data ends early (is the file whole?)"));
    }
    std::string damaged = packed;
    for (size_t i = packed.size() / 2; i < packed.size() / 2 + 8; ++i) damaged[i] ^= 0x55;
    EXPECT_EQ(Rows({Input("t", damaged)}, true).back().substr(0, 7 + std::string(name).size() + 16),
              StrCat("t: the ", name, " data is damaged"));
  }
}

TEST(TextTable, NamesFormatsThatAreNoText) {
  using namespace std::string_literals;
  const auto error = [](const std::string& bytes) {
    return Rows({Input("t", bytes)}, true).back();
  };
  EXPECT_EQ(
      error("PAR1\x15\0"s),
      "t: this is Parquet, expected delimited text: name it as a file, or write its format into "
      "the schema to read it from a pipe");
  EXPECT_EQ(error("ORC\x0a\x07\x12"s).substr(0, 14), "t: this is ORC");
  EXPECT_EQ(
      error("Obj\x01rest"s),
      "t: this is Avro, expected delimited text: write it as CSV first, with DuckDB, pandas or "
      "Spark");
  EXPECT_EQ(error("PK\x03\x04rest"s).substr(0, 24), "t: this is a zip archive");
  EXPECT_EQ(
      error("\xff\xfe"
            "a\0,\0b\0\n\0"s),
      "t: this is UTF-16 text, expected delimited text: convert it: iconv -f UTF-16 -t UTF-8");
  EXPECT_EQ(error(Gzip("CHRUSLOG")).substr(0, 25), "t: this is a log of Choru");
  EXPECT_EQ(error("ORC,b\n1,2\n"), "t:2 0: 1|2");  // a header may begin like that
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
