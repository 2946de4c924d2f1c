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
constexpr double kMostWaitSeconds = 0.2;  // between two looks at `stop`

double SecondsFrom(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

ChunkCutter::ChunkCutter(GrowingText* text, uint64_t begin, ChunkLimits limits)
    : text_(*text), limits_(std::move(limits)), begin_(begin), scanned_(begin), lines_end_(begin) {}

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

TextChunk ChunkCutter::Cut(bool stopped) {
  TextChunk chunk{begin_, lines_end_, lines_, stopped};
  begin_ = scanned_ = lines_end_;
  lines_ = 0;
  return chunk;
}

Result<bool> ChunkCutter::WaitForBytes(double seconds) {
  double left = 1;
  if (limits_.idle_seconds > 0) left = limits_.idle_seconds - SecondsFrom(last_byte_);
  if (limits_.idle_seconds > 0) seconds = std::min(seconds, std::max(left, 0.0));
  ASSIGN_OR_RETURN(const bool grew, text_.Grow(seconds));
  if (grew) last_byte_ = Clock::now();
  return grew || left > 0 || text_.ended();
}

Status ChunkCutter::CheckLine(uint64_t bytes) const {
  if (bytes <= limits_.bytes) return Status::Ok();
  return InvalidArgument(StrCat(bytes, " bytes came without the end of a line, and ", limits_.bytes,
                                " are the most that a line may have: is this text of lines?"));
}

Result<TextHeader> ChunkCutter::TakeHeader() {
  const uint64_t chunks_begin = begin_;
  uint64_t line_begin = 0;
  TextHeader header;
  for (uint64_t at = 0;;) {
    if (at == text_.size()) {
      if (text_.ended()) return TextHeader();
      if (limits_.stop()) return TextHeader{"", 0, true};
      ASSIGN_OR_RETURN(const bool goes_on, WaitForBytes(kMostWaitSeconds));
      if (!goes_on) return TextHeader();
      continue;
    }
    char byte = 0;
    RETURN_IF_ERROR(text_.Read(at++, std::span(&byte, 1)));
    header.text += byte;
    RETURN_IF_ERROR(CheckLine(header.text.size()));
    if (byte != '\n') continue;
    ++header.lines;
    const bool blank = Trim(std::string_view(header.text).substr(line_begin)).empty();
    line_begin = at;
    if (blank) continue;
    if (chunks_begin == 0) begin_ = scanned_ = lines_end_ = at;
    return header;
  }
}

Result<TextChunk> ChunkCutter::Next() {
  text_.Forget(begin_);
  Clock::time_point first_line = Clock::now();
  while (true) {
    const bool had_none = lines_ == 0;
    ASSIGN_OR_RETURN(const bool scanned, Scan());
    if (had_none && lines_ > 0) first_line = Clock::now();
    if (lines_ == limits_.lines || lines_end_ - begin_ >= limits_.bytes) return Cut(false);
    if (limits_.stop()) return Cut(true);
    if (scanned) continue;
    if (text_.ended()) {
      const bool unended = text_.size() > lines_end_;
      lines_ += unended ? 1 : 0;
      lines_end_ = scanned_ = text_.size();
      return Cut(false);
    }
    const double since_first = SecondsFrom(first_line);
    if (lines_ > 0 && since_first >= limits_.seal_seconds) return Cut(false);
    RETURN_IF_ERROR(CheckLine(text_.size() - lines_end_));
    double wait = kMostWaitSeconds;
    if (lines_ > 0) wait = std::min(wait, limits_.seal_seconds - since_first);
    ASSIGN_OR_RETURN(const bool goes_on, WaitForBytes(wait));
    if (!goes_on) return Cut(false);
  }
}

}  // namespace chorus::worker
