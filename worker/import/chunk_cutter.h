#pragma once
// Cuts text that grows into chunks of whole lines, behind its header. Thread safety: one thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "common/status.h"
#include "worker/import/growing_text.h"

namespace chorus::worker {

struct ChunkLimits {
  uint64_t lines = 0;          // of a chunk at most
  double seal_seconds = 0;     // after its first line came, a chunk is cut
  double idle_seconds = 0;     // after so long without a byte the text is over; 0 = it is not
  std::function<bool()> stop;  // whether to cut what is there, and to end
  // A chunk with more is cut, and a line with more is an error: text of a pipe is in memory.
  uint64_t bytes = uint64_t{256} << 20;
};

struct TextChunk {
  uint64_t begin = 0, end = 0;  // bytes; equal: there is none, the text is over
  uint64_t lines = 0;
  bool stopped = false;  // because the limits' stop said so; with or without lines
};

struct TextHeader {
  std::string text;  // "": the text is over before
  uint64_t lines = 0;
  bool stopped = false;
};

// Cuts chunks out of a text from `begin` on, where a line begins. A text is idle when nothing came
// for so long and nothing is there to be read: what came while somebody made log files counts.
// Errors: those of the text; kInvalidArgument, a line is longer than limits.bytes.
class ChunkCutter {
 public:
  ChunkCutter(GrowingText* text, uint64_t begin, ChunkLimits limits);
  // The lines up to the first one that is not blank. The chunks begin behind it, if they begin at 0.
  Result<TextHeader> TakeHeader();
  Result<TextChunk> Next();
  // Bytes at the end of a text that is over whose line has no end; a file's may still get it.
  uint64_t unended_bytes() const { return text_.size() - begin_; }

 private:
  Result<bool> Scan();  // counts further lines; false: all bytes that are there are counted
  // Waits up to `seconds` for more bytes. False: the text is idle.
  Result<bool> WaitForBytes(double seconds);
  Status CheckLine(uint64_t bytes) const;
  TextChunk Cut(bool stopped);

  GrowingText& text_;
  const ChunkLimits limits_;
  uint64_t begin_;      // of the chunk that comes next
  uint64_t scanned_;    // lines are counted up to here
  uint64_t lines_end_;  // where the last of them ends
  uint64_t lines_ = 0;  // between begin_ and lines_end_
  std::chrono::steady_clock::time_point last_byte_ = std::chrono::steady_clock::now();  // came then
};

}  // namespace chorus::worker
