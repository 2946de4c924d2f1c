#pragma once
// Cuts text that grows into chunks of whole lines, behind its header. It looks at what is there and
// waits for nothing. Thread safety: one thread.

#include <chrono>
#include <cstdint>
#include <string>

#include "common/status.h"
#include "worker/import/growing_text.h"

namespace chorus::worker {

struct ChunkLimits {
  uint64_t lines = 0;       // of a chunk at most
  double seal_seconds = 0;  // a chunk is cut this long after its first line was seen
  // A chunk with more bytes is cut, and a line with more is an error, since the text of a pipe is
  // in memory.
  uint64_t bytes = uint64_t{256} << 20;
};

struct TextChunk {
  uint64_t begin = 0, end = 0;  // bytes; equal: there is none yet
  uint64_t lines = 0;
  bool grew = false;  // bytes came since the last look
};

struct TextHeader {
  std::string text;  // "": it is not there yet
  uint64_t lines = 0;
  bool grew = false;
};

// Cuts chunks out of a text from `begin` on, where a line begins.
// Errors: those of the text; kInvalidArgument, a line is longer than limits.bytes.
class ChunkCutter {
 public:
  ChunkCutter(GrowingText* text, uint64_t begin, const ChunkLimits& limits);
  // Takes the lines up to the first one that is not blank. Chunks begin behind that line, if they
  // begin at 0.
  Result<TextHeader> TakeHeader();
  // The next chunk, if it is full, or has waited for seal_seconds, or the text has ended. all: all
  // whole lines that are there make a chunk.
  Result<TextChunk> Next(bool all);
  // Bytes of a last line without an end, in a text that is over; in a file the end may still come.
  uint64_t unended_bytes() const { return text_.size() - begin_; }

 private:
  Result<bool> Scan();  // counts further lines; false: all bytes that are there are counted
  Status CheckLine(uint64_t bytes) const;
  bool IsFull() const { return lines_ == limits_.lines || lines_end_ - begin_ >= limits_.bytes; }
  bool HasGrown();  // since the last call
  TextChunk Cut();

  GrowingText& text_;
  const ChunkLimits limits_;
  uint64_t begin_;                                    // of the chunk that comes next
  uint64_t scanned_;                                  // lines are counted up to here
  uint64_t lines_end_;                                // where the last of them ends
  uint64_t seen_;                                     // bytes that were there at the last look
  uint64_t lines_ = 0;                                // between begin_ and lines_end_
  std::chrono::steady_clock::time_point first_line_;  // when the first was seen, if there is one
  // The header, as far as it has come.
  TextHeader header_;
  uint64_t header_read_ = 0;
  uint64_t header_line_ = 0;  // where its last line begins
};

}  // namespace chorus::worker
