#include "worker/import/file_format.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "common/byte_order_mark.h"
#include "common/record_frame.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kBzip2Block = "\x31\x41\x59\x26\x53\x59"sv;
constexpr std::string_view kBzip2End = "\x17\x72\x45\x38\x50\x90"sv;

struct Foreign {
  std::string_view magic;
  std::string_view what;
  std::string_view remedy;
};
constexpr std::string_view kToCsv = "write it as CSV first, with DuckDB, pandas or Spark";
constexpr std::string_view kAsFile =
    "name it as a file, or write its format into the schema to read it from a pipe";
constexpr std::string_view kUnpackFirst = "unpack it first";
constexpr std::string_view kToUtf8 = "convert it: iconv -f UTF-16 -t UTF-8";
constexpr std::string_view kUtf32ToUtf8 = "convert it: iconv -f UTF-32 -t UTF-8";
constexpr std::string_view kFromPickle =
    "write it as CSV first (pandas: read_pickle(FILE).to_csv(OUT, index=False))";
constexpr Foreign kForeign[] = {
    {"Obj\x01"sv, "Avro", kToCsv},
    {"ARROW1\0\0"sv, "Arrow", kToCsv},
    {"\x89HDF"sv, "HDF5", kToCsv},
    {"PK\x03\x04"sv, "a zip archive", "unpack it: unzip -p FILE | chorus import ... -"},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7z archive", kUnpackFirst},
    {"Rar!\x1a\x07"sv, "a RAR archive", kUnpackFirst},
    {"\x1f\x9d"sv, "packed by compress (.Z)", "unpack it: zcat FILE | chorus import ... -"},
    {"\xff\x06\0\0sNaPpY"sv, "Snappy", kUnpackFirst},
    {"\x80\x02"sv, "a pickle of Python", kFromPickle},
    {"\x80\x03"sv, "a pickle of Python", kFromPickle},
    {"\x80\x04\x95"sv, "a pickle of Python", kFromPickle},
    {"\x80\x05\x95"sv, "a pickle of Python", kFromPickle},
    {"\x93NUMPY"sv, "an array of NumPy", "write it as CSV first (numpy.savetxt)"},
    {"SQLite format 3\0"sv, "a database of SQLite",
     "write it as CSV first (sqlite3 -header -csv FILE 'SELECT * FROM TABLE')"},
    {"\x04\x22\x4d\x18"sv, "lz4", "unpack it: lz4 -dc FILE | chorus import ... -"},
    {"CHRUSLOG"sv, "a log of Chorus", "it is imported already"},
    {"\xff\xfe\0\0"sv, "UTF-32 text", kUtf32ToUtf8},
    {"\0\0\xfe\xff"sv, "UTF-32 text", kUtf32ToUtf8},
    {"\xff\xfe"sv, "UTF-16 text", kToUtf8},
    {"\xfe\xff"sv, "UTF-16 text", kToUtf8},
};

// Behind the object or array that the text begins with; npos: its line ends before it does.
size_t EndOfValue(std::string_view text) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size() && text[i] != '\n'; ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// Whether a cell of JSON is followed by others in its line: `{"a": 1}<TAB>0`. Objects may be
// followed by further ones, and by commas between them.
bool IsCellOfRow(std::string_view text) {
  const size_t end = EndOfValue(text);
  if (end == std::string_view::npos) return false;
  const std::string_view rest = text.substr(end, text.find('\n', end) - end);
  const size_t next = rest.find_first_not_of(" \t\r,"sv);
  return next != std::string_view::npos && rest[next] != '{' && rest[next] != '[';
}

// A workbook is a zip archive; its first members have these names.
bool IsWorkbook(std::string_view first) {
  constexpr std::string_view kMembers[] = {"[Content_Types].xml", "_rels/", "xl/", "docProps/"};
  constexpr size_t kNameAt = 30;  // of a member, behind its header
  return first.starts_with("PK\x03\x04"sv) && first.size() > kNameAt &&
         std::any_of(std::begin(kMembers), std::end(kMembers), [&](std::string_view member) {
           return first.substr(kNameAt).starts_with(member);
         });
}

bool IsTar(std::string_view first) {
  constexpr size_t kMagicAt = 257;
  return first.size() > kMagicAt && first.substr(kMagicAt).starts_with("ustar");
}

// UTF-16 without byte order mark, by its ASCII: every other byte is NUL. "LE", "BE", or "".
std::string_view UnmarkedUtf16(std::string_view first) {
  constexpr size_t kFewest = 4, kLooked = 32;
  const size_t bytes = std::min(first.size(), kLooked) / 2 * 2;
  if (bytes < kFewest) return "";
  std::array<size_t, 2> nul = {};  // at even places, at odd ones
  for (size_t i = 0; i < bytes; ++i) nul[i % 2] += first[i] == '\0' ? 1 : 0;
  if (nul[0] == 0 && nul[1] == bytes / 2) return "LE";
  return nul[1] == 0 && nul[0] == bytes / 2 ? "BE" : "";
}

// The bytes alone do not begin so.
Status CheckIsNotHidden(std::string_view first) {
  if (IsWorkbook(first)) {
    return InvalidArgument(
        "this is an Excel workbook, expected delimited text: save it as CSV (or LibreOffice: "
        "soffice --headless --convert-to csv FILE)");
  }
  if (IsTar(first)) {
    return InvalidArgument(
        "this is a tar archive, expected delimited text: unpack it: tar -xOf FILE | chorus import "
        "... -");
  }
  const std::string_view order = UnmarkedUtf16(first);
  if (order.empty()) return Status::Ok();
  return InvalidArgument(
      StrCat("this is UTF-16 text without byte order mark, expected delimited "
             "text: convert it: iconv -f UTF-16",
             order, " -t UTF-8"));
}

}  // namespace

Packing PackingOf(std::string_view first) {
  if (first.starts_with("\x1f\x8b"sv)) return Packing::kGzip;
  // A frame, or one to be skipped, which parallel packers put first.
  const bool skippable = first.size() >= 4 && first.substr(1, 3) == "\x2a\x4d\x18"sv &&
                         (static_cast<unsigned char>(first[0]) & 0xf0) == 0x50;
  if (skippable || first.starts_with("\x28\xb5\x2f\xfd"sv)) return Packing::kZstd;
  if (first.starts_with("BZh") && first.size() >= 10) {
    const std::string_view block = first.substr(4, kBzip2Block.size());
    if (block == kBzip2Block || block == kBzip2End) return Packing::kBzip2;
  }
  if (first.starts_with("\xfd\x37\x7a\x58\x5a\0"sv)) return Packing::kXz;
  return Packing::kNone;
}

Content ContentOf(std::string_view first) {
  if (first.starts_with("PAR1"sv)) return Content::kParquet;
  // ORC's own magic is three letters that a header could begin with; a length in binary follows.
  if (first.starts_with("ORC") && first.size() > 3 && (first[3] < ' ') && first[3] != '\t') {
    return Content::kOrc;
  }
  return BeginsRecord(first) ? Content::kTfRecord : Content::kText;
}

std::string_view NameOf(Content content) {
  switch (content) {
    case Content::kParquet:
      return "Parquet";
    case Content::kOrc:
      return "ORC";
    case Content::kTfRecord:
      return "TFRecord";
    case Content::kText:
      break;
  }
  return "text";
}

// With blanks and line breaks anywhere.
bool BeginsJson(std::string_view first) {
  constexpr std::string_view kSpace = " \t\r\n"sv;
  first = WithoutByteOrderMark(first);
  first.remove_prefix(std::min(first.find_first_not_of(kSpace), first.size()));
  if (!first.starts_with('{') && !first.starts_with('[')) return false;
  if (IsCellOfRow(first)) return false;
  const auto next = [&first, kSpace]() {
    first.remove_prefix(std::min(first.find_first_not_of(kSpace), first.size()));
    const char c = first.empty() ? '\0' : first.front();
    first.remove_prefix(first.empty() ? 0 : 1);
    return c;
  };
  const char begin = next();
  return (begin == '[' && next() == '{') || (begin == '{' && next() == '"');
}

Status CheckIsText(std::string_view first) {
  RETURN_IF_ERROR(CheckIsNotHidden(first));
  for (const Foreign& foreign : kForeign) {
    if (!first.starts_with(foreign.magic)) continue;
    return InvalidArgument(
        StrCat("this is ", foreign.what, ", expected delimited text: ", foreign.remedy));
  }
  if (BeginsJson(first)) {
    const bool is_array = first.find('[') < first.find('{');
    return InvalidArgument(StrCat(
        "this is JSON, expected delimited text: write it as CSV first (pandas: read_json(FILE",
        is_array ? "" : ", lines=True",
        ").to_csv(OUT, index=False)), or, where it has lists, as "
        "Parquet (DuckDB: COPY (FROM read_json_auto('FILE')) TO 'OUT.parquet')"));
  }
  const Content content = ContentOf(first);
  if (content == Content::kText) return Status::Ok();
  return InvalidArgument(
      StrCat("this is ", NameOf(content), ", expected delimited text: ", kAsFile));
}

}  // namespace chorus::worker
