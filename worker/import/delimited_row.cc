#include "worker/import/delimited_row.h"

#include <algorithm>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "common/strings.h"
#include "worker/import/cell_text.h"

namespace chorus::worker {
namespace {

constexpr size_t kShownBytes = 40;

#if defined(__SSE2__)
// 16 bytes of a line, compared with single bytes at once.
class SixteenBytes {
 public:
  explicit SixteenBytes(const char* bytes)
      : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))) {}
  // Bit i: byte i is `byte`.
  uint32_t Where(char byte) const {
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes_, _mm_set1_epi8(byte))));
  }
  uint32_t Where(char one, char other) const {
    const __m128i equal = _mm_or_si128(_mm_cmpeq_epi8(bytes_, _mm_set1_epi8(one)),
                                       _mm_cmpeq_epi8(bytes_, _mm_set1_epi8(other)));
    return static_cast<uint32_t>(_mm_movemask_epi8(equal));
  }

 private:
  __m128i bytes_;
};
#endif

}  // namespace

Status RowSplitter::Split(std::string_view line) {
  if (SplitPlain(line)) return Status::Ok();
  cells_.clear();
  if (const size_t nul = line.find('\0'); nul != std::string_view::npos) {
    return InvalidArgument(StrCat("found a NUL byte at byte ", nul + 1, ", expected text"));
  }
  return SplitQuoted(line);
}

// False: the line holds a NUL byte or a quote that matters, which other functions look at.
bool RowSplitter::SplitPlain(std::string_view line) {
  const char* begin = line.data();
  const char* at = begin;
  const char* const end = begin + line.size();
  const char quote = quoting_ ? '"' : '\0';
  cells_.clear();
#if defined(__SSE2__)
  constexpr std::ptrdiff_t kBytes = 16;
  for (; end - at >= kBytes; at += kBytes) {
    const SixteenBytes bytes(at);
    if (bytes.Where(quote, '\0') != 0) return false;
    for (uint32_t ends = bytes.Where(delimiter_); ends != 0; ends &= ends - 1) {
      const char* const cell_end = at + std::countr_zero(ends);
      cells_.emplace_back(begin, static_cast<size_t>(cell_end - begin));
      begin = cell_end + 1;
    }
  }
#endif
  for (; at != end; ++at) {
    if (*at == quote || *at == '\0') return false;
    if (*at != delimiter_) continue;
    cells_.emplace_back(begin, static_cast<size_t>(at - begin));
    begin = at + 1;
  }
  cells_.emplace_back(begin, static_cast<size_t>(end - begin));
  return true;
}

Status RowSplitter::SplitQuoted(std::string_view line) {
  unquoted_.clear();
  unquoted_.reserve(line.size());
  size_t begin = 0;
  while (true) {
    size_t end = begin;
    if (begin < line.size() && line[begin] == '"') {
      ASSIGN_OR_RETURN(end, TakeQuotedCell(line, begin));
    } else {
      end = line.find(delimiter_, begin);
      if (end == std::string_view::npos) end = line.size();
      cells_.push_back(line.substr(begin, end - begin));
    }
    if (end == line.size()) return Status::Ok();
    begin = end + 1;
  }
}

// Appends the cell whose opening quote is line[begin]; returns where its delimiter (or the line's
// end) is.
Result<size_t> RowSplitter::TakeQuotedCell(std::string_view line, size_t begin) {
  const size_t first = unquoted_.size();
  for (size_t at = begin + 1; at < line.size(); ++at) {
    const char next = at + 1 < line.size() ? line[at + 1] : '\0';
    if (escape_ != '\0' && line[at] == escape_ && (next == '"' || next == escape_)) {
      unquoted_.push_back(next);
      ++at;
    } else if (line[at] != '"') {
      unquoted_.push_back(line[at]);
    } else if (next == '"') {
      unquoted_.push_back('"');
      ++at;
    } else if (at + 1 == line.size() || next == delimiter_) {
      cells_.emplace_back(unquoted_.data() + first, unquoted_.size() - first);
      return at + 1;
    } else {
      return InvalidArgument(StrCat("cell ", cells_.size() + 1, ": found ",
                                    Shown(line.substr(at + 1)),
                                    " behind a closing quote, expected a delimiter",
                                    line[at - 1] == '\\' && escape_ == '\0'
                                        ? " (does \\\" mean a quote? escape in the schema)"
                                        : ""));
    }
  }
  return InvalidArgument(StrCat("cell ", cells_.size() + 1, ": found ", Shown(line.substr(begin)),
                                ", whose quote does not end in this line (line breaks inside "
                                "cells are not supported)"));
}

std::string Readable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  const bool is_utf8 = IsUtf8(text);
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f && (byte < 0x80 || is_utf8)) {
      out.push_back(c);
    } else {
      out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

std::string Shown(std::string_view text) {
  size_t bytes = std::min(text.size(), kShownBytes);
  // Not in the middle of a UTF-8 character.
  while (bytes < text.size() && bytes > 0 && (text[bytes] & 0xc0) == 0x80) --bytes;
  return StrCat("'", Readable(text.substr(0, bytes)), text.size() > bytes ? "'..." : "'");
}

Status MalformedCell(std::string_view column, std::string_view found, std::string_view expected) {
  return InvalidArgument(
      StrCat("column ", Shown(column), ": found ", Shown(found), ", expected ", expected));
}

}  // namespace chorus::worker
