#include "worker/import/line_reader.h"

#include <utility>

#include "common/strings.h"

namespace chorus::worker {
namespace {
constexpr size_t kLineReadBytes = size_t{1} << 20;
}  // namespace

LineReader::LineReader(std::unique_ptr<ByteSource> source)
    : buffer_(std::move(source), kLineReadBytes) {}

Result<bool> LineReader::Next(std::string_view* line) {
  size_t searched = 0;  // unread bytes that hold no line end
  size_t newline = std::string_view::npos;
  while (true) {
    newline = buffer_.unread().find('\n', searched);
    if (newline != std::string_view::npos || ended_) break;
    searched = buffer_.unread().size();
    if (searched > kMaxLineBytes) {
      return InvalidArgument(StrCat("line ", line_number_ + 1, " is longer than ", kMaxLineBytes,
                                    " bytes: is this delimited text?"));
    }
    ASSIGN_OR_RETURN(const bool more, buffer_.Fill());
    ended_ = !more;
  }
  const std::string_view unread = buffer_.unread();
  if (unread.empty()) return false;
  *line = unread.substr(0, newline);
  buffer_.Take(line->size() + (newline != std::string_view::npos ? 1 : 0));
  if (line->ends_with('\r')) line->remove_suffix(1);
  ++line_number_;
  return true;
}

}  // namespace chorus::worker
