#include "worker/import/line_reader.h"

#include <cstring>
#include <utility>

#include "common/strings.h"

namespace chorus::worker {
namespace {
constexpr size_t kReadBytes = size_t{1} << 20;
}  // namespace

LineReader::LineReader(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(2 * kReadBytes) {}

Result<bool> LineReader::Next(std::string_view* line) {
  size_t searched = 0;  // bytes behind begin_ that hold no line end
  const char* newline = nullptr;
  while (true) {
    const char* from = buffer_.data() + begin_ + searched;
    const size_t bytes = end_ - begin_ - searched;
    newline = bytes == 0 ? nullptr : static_cast<const char*>(std::memchr(from, '\n', bytes));
    if (newline != nullptr || ended_) break;
    searched += bytes;
    if (searched > kMaxLineBytes) {
      return InvalidArgument(StrCat("line ", line_number_ + 1, " is longer than ", kMaxLineBytes,
                                    " bytes: is this delimited text?"));
    }
    RETURN_IF_ERROR(Fill());
  }
  if (newline == nullptr && begin_ == end_) return false;
  const char* first = buffer_.data() + begin_;
  const char* last = newline != nullptr ? newline : buffer_.data() + end_;
  begin_ = static_cast<size_t>(last - buffer_.data()) + (newline != nullptr ? 1 : 0);
  if (last > first && last[-1] == '\r') --last;
  *line = std::string_view(first, static_cast<size_t>(last - first));
  ++line_number_;
  return true;
}

Status LineReader::Fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kReadBytes) buffer_.resize(2 * buffer_.size());
  ASSIGN_OR_RETURN(const size_t bytes,
                   source_->Read(std::span<char>(buffer_).subspan(end_, kReadBytes)));
  ended_ = bytes == 0;
  end_ += bytes;
  return Status::Ok();
}

}  // namespace chorus::worker
