#include "worker/import/chunk_cutter.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "common/strings.h"

namespace chorus::worker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kScannedBytes = size_t{1} << 18;

double SecondsFrom(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

ChunkCutter::ChunkCutter(GrowingText* text, uint64_t begin, const ChunkLimits& limits)
    : text_(*text),
      limits_(limits),
      begin_(begin),
      scanned_(begin),
      lines_end_(begin),
      seen_(begin) {}

// As far as a chunk goes at most.
Result<bool> ChunkCutter::Scan() {
  if (lines_ == limits_.lines || scanned_ == text_.size()) return false;
  std::vector<char> bytes(std::min<uint64_t>(kScannedBytes, text_.size() - scanned_));
  RETURN_IF_ERROR(text_.Read(scanned_, bytes));
  for (size_t at = 0; at < bytes.size();) {
    const void* const found = std::memchr(&bytes[at], '\n', bytes.size() - at);
    if (found == nullptr) break;
    at = static_cast<size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
    lines_end_ = scanned_ + at;
    if (++lines_ < limits_.lines) continue;
    scanned_ = lines_end_;
    return true;
  }
  scanned_ += bytes.size();
  return true;
}

bool ChunkCutter::HasGrown() { return std::exchange(seen_, text_.size()) < text_.size(); }

TextChunk ChunkCutter::Cut() {
  const TextChunk chunk{begin_, lines_end_, lines_, HasGrown()};
  begin_ = scanned_ = lines_end_;
  lines_ = 0;
  return chunk;
}

Status ChunkCutter::CheckLine(uint64_t bytes) const {
  if (bytes <= limits_.bytes) return Status::Ok();
  return InvalidArgument(StrCat(bytes, " bytes came without the end of a line, and ", limits_.bytes,
                                " are the most that a line may have: is this text of lines?"));
}

// A byte at a time: a header is short.
Result<TextHeader> ChunkCutter::TakeHeader() {
  while (true) {
    if (header_read_ == text_.size()) {
      ASSIGN_OR_RETURN(const bool more, text_.Grow(0));
      if (!more) return TextHeader{"", 0, HasGrown()};
    }
    char byte = 0;
    RETURN_IF_ERROR(text_.Read(header_read_++, std::span(&byte, 1)));
    header_.text += byte;
    RETURN_IF_ERROR(CheckLine(header_.text.size()));
    if (byte != '\n') continue;
    ++header_.lines;
    const bool blank = Trim(std::string_view(header_.text).substr(header_line_)).empty();
    header_line_ = header_read_;
    if (blank) continue;
    if (begin_ == 0) begin_ = scanned_ = lines_end_ = header_read_;
    header_.grew = HasGrown();
    return header_;
  }
}

Result<TextChunk> ChunkCutter::Next(bool all) {
  text_.Forget(begin_);
  while (true) {
    const bool had_none = lines_ == 0;
    ASSIGN_OR_RETURN(const bool scanned, Scan());
    if (had_none && lines_ > 0) first_line_ = Clock::now();
    if (IsFull()) return Cut();
    if (scanned) continue;
    RETURN_IF_ERROR(CheckLine(text_.size() - lines_end_));
    ASSIGN_OR_RETURN(const bool more, text_.Grow(0));
    if (!more) break;
  }
  if (text_.ended()) {
    lines_ += text_.size() > lines_end_ ? 1 : 0;  // the last one has no end
    lines_end_ = scanned_ = text_.size();
    return Cut();
  }
  const bool waited = lines_ > 0 && SecondsFrom(first_line_) >= limits_.seal_seconds;
  if (waited || all) return Cut();
  return TextChunk{begin_, begin_, 0, HasGrown()};
}

}  // namespace chorus::worker
