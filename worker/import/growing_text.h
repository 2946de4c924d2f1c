#pragma once
// Text that grows: a file that somebody appends to, or what comes through a descriptor. It is cut
// into chunks of whole lines, each with the header in front of it.
// Thread safety: one thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/file.h"
#include "common/status.h"
#include "worker/import/byte_source.h"

namespace chorus::worker {

// Bytes [0, size()) of the text are there; more may come.
class GrowingText {
 public:
  virtual ~GrowingText() = default;
  // Waits up to `seconds` for more bytes. False: none came. Error: the text is not what it was.
  virtual Result<bool> Grow(double seconds) = 0;
  virtual uint64_t size() const = 0;
  virtual bool ended() const = 0;  // nothing more will come
  // Bytes [begin, end), which stay readable until they are forgotten.
  virtual Result<std::unique_ptr<ByteSource>> Open(uint64_t begin, uint64_t end) const = 0;
  virtual Status Read(uint64_t begin, std::span<char> out) const = 0;
  virtual void Forget(uint64_t /*end*/) {}  // bytes before `end` are not asked for again
};

// A file that only grows. begin: where reading begins, up to where it has been read before.
// head_bytes, head_checksum: of its begin then; 0: it was not read. Error: kFailedPrecondition,
// it is shorter than that, or begins otherwise.
Result<std::unique_ptr<GrowingText>> FollowFile(FileSystem& files, const std::string& path,
                                                uint64_t begin, uint64_t head_bytes,
                                                uint64_t head_checksum);
// An open descriptor, from its first byte on; what is not forgotten is in memory.
std::unique_ptr<GrowingText> FollowDescriptor(int descriptor);

struct ChunkLimits {
  uint64_t lines = 0;          // of a chunk at most
  double seal_seconds = 0;     // after its first line came, a chunk is cut
  double idle_seconds = 0;     // after so long without a byte the text is over; 0 = it is not
  std::function<bool()> stop;  // whether to cut what is there, and to end
};

struct TextChunk {
  uint64_t begin = 0, end = 0;  // bytes; equal: there is none, the text is over
  uint64_t lines = 0;
  bool stopped = false;  // because the limits' stop said so; with or without lines
};

// Cuts chunks out of a text from `begin` on, where a line begins.
class ChunkCutter {
 public:
  ChunkCutter(GrowingText* text, uint64_t begin, ChunkLimits limits);
  // The lines up to the first one that is not blank, which are the header; "" when the text is over
  // before. The chunks begin behind it, if they begin at 0. `lines`: how many these are.
  Result<std::string> TakeHeader(uint64_t* lines);
  Result<TextChunk> Next();
  // Bytes at the end of a text that is over whose line has no end; a file's may still get it.
  uint64_t unended_bytes() const { return text_.size() - begin_; }

 private:
  Result<bool> Scan();  // counts further lines; false: all bytes that are there are counted
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
