#include "worker/import/file_format.h"

#include <algorithm>

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
constexpr std::string_view kToUtf8 = "convert it: iconv -f UTF-16 -t UTF-8";
constexpr Foreign kForeign[] = {
    {"Obj\x01"sv, "Avro", kToCsv},
    {"ARROW1\0\0"sv, "Arrow", kToCsv},
    {"\x89HDF"sv, "HDF5", kToCsv},
    {"PK\x03\x04"sv, "a zip archive", "unpack it: unzip -p FILE | chorus import ... -"},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7z archive", "unpack it first"},
    {"\x04\x22\x4d\x18"sv, "lz4", "unpack it: lz4 -dc FILE | chorus import ... -"},
    {"CHRUSLOG"sv, "a log of Chorus", "it is imported already"},
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
