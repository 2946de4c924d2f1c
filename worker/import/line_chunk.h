#pragma once
// Some lines of a text, or records of TFRecord, for another thread to parse; and what cuts an input
// into such chunks. Thread safety: values; LineChunks: none.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace chorus::worker {

// lines[0] may be a prologue: the line before the chunk, which is no row of it.
struct LineChunk {
  struct Line {
    size_t begin = 0;  // in text
    size_t bytes = 0;
    uint32_t input = 0;
    uint64_t number = 0;                           // in its input
    const std::vector<uint32_t>* order = nullptr;  // as LineCutter takes it; its table's
  };
  std::string text;
  std::vector<Line> lines;
  bool has_prologue = false;
  std::string_view text_of(size_t line) const {
    return std::string_view(text).substr(lines[line].begin, lines[line].bytes);
  }
};

// Bytes of lines in a chunk that one thread parses.
inline constexpr size_t kChunkBytes = size_t{256} << 10;

class LineChunks {
 public:
  // Fills *out with the next lines: `bytes` bytes, and the rest of the last line. The last line of
  // the chunk before is the prologue. next(&line, &place): gives a line and sets input and number
  // of its place, or returns false behind the last. False when there was no line. Error: that of
  // `next`, once all lines before it were given, and in every later call.
  template <typename Next>
  Result<bool> Fill(size_t bytes, const Next& next, LineChunk* out) {
    RETURN_IF_ERROR(error_);
    out->has_prologue = !last_.lines.empty();
    out->text = last_.text;
    out->lines = last_.lines;
    const size_t first = out->lines.size();
    const size_t full = out->text.size() + bytes;
    while (out->text.size() < full) {
      std::string_view line;
      LineChunk::Line place;
      const Result<bool> got = next(&line, &place);
      if (!got.ok()) error_ = got.status();
      if (!got.ok() || !*got) break;
      place.begin = out->text.size();
      place.bytes = line.size();
      out->lines.push_back(place);
      out->text.append(line);
    }
    if (out->lines.size() == first) {
      RETURN_IF_ERROR(error_);
      return false;
    }
    last_.text = out->text_of(out->lines.size() - 1);
    last_.lines.assign(1, out->lines.back());
    last_.lines[0].begin = 0;
    return true;
  }

 private:
  LineChunk last_;  // of the last chunk; no line before the first
  Status error_;    // ends the chunks
};

}  // namespace chorus::worker
