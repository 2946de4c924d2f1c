// Files that are no text are told by their first bytes, with what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "worker/import/file_format.h"

namespace chorus::worker {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

std::string Said(const std::string& bytes) { return CheckIsText(bytes).message(); }

// As UTF-16 or UTF-32 of `width` bytes a character; at: of its one byte that is not 0.
std::string Widened(const std::string& ascii, size_t width, size_t at) {
  std::string out;
  for (const char c : ascii) {
    std::string wide(width, '\0');
    wide[at] = c;
    out += wide;
  }
  return out;
}

TEST(ForeignFilesTest, EachEncodingHasItsRemedy) {
  const std::string text = "click,conv,item\n1,0,5\n";
  EXPECT_EQ(Said("\xff\xfe"s + Widened(text, 2, 0)),
            "this is UTF-16 text, expected delimited text: convert it: iconv -f UTF-16 -t UTF-8");
  EXPECT_THAT(Said("\xff\xfe\0\0"s + Widened(text, 4, 0)), HasSubstr("iconv -f UTF-32 -t UTF-8"));
  EXPECT_THAT(Said("\0\0\xfe\xff"s + Widened(text, 4, 3)), HasSubstr("iconv -f UTF-32 -t UTF-8"));
  EXPECT_THAT(Said(Widened(text, 2, 0)), HasSubstr("iconv -f UTF-16LE -t UTF-8"));
  EXPECT_THAT(Said(Widened(text, 2, 1)), HasSubstr("iconv -f UTF-16BE -t UTF-8"));
  EXPECT_EQ(Said(text), "");
  EXPECT_EQ(Said("a\0b,c\n"s), "");  // one NUL byte is no encoding
}

TEST(ForeignFilesTest, ArchivesAndTablesOfProgramsAreNamed) {
  std::string tar(512, '\0');
  tar.replace(0, 5, "a.csv");
  tar.replace(257, 5, "ustar");
  EXPECT_THAT(Said(tar), HasSubstr("this is a tar archive"));
  const std::string member = "PK\x03\x04"s + std::string(26, '\0');
  EXPECT_THAT(Said(member + "[Content_Types].xml"),
              testing::AllOf(HasSubstr("an Excel workbook"), HasSubstr("save it as CSV")));
  EXPECT_THAT(Said(member + "xl/workbook.xml"), HasSubstr("an Excel workbook"));
  EXPECT_THAT(Said(member + "day.csv"), HasSubstr("this is a zip archive"));
  EXPECT_THAT(Said("\x80\x04\x95\x10"s), HasSubstr("read_pickle"));
  EXPECT_THAT(Said("\x93NUMPY\x01\0"s), HasSubstr("an array of NumPy"));
  EXPECT_THAT(Said("SQLite format 3\0"s), HasSubstr("sqlite3 -header -csv"));
}

}  // namespace
}  // namespace chorus::worker
