#pragma once
// Text that grows: a file that somebody appends to, or what comes through a descriptor.
// Thread safety: one thread.

#include <cstdint>
#include <memory>
#include <span>
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
// it is shorter than that, or begins otherwise; so says Grow, too, when the file has grown.
Result<std::unique_ptr<GrowingText>> FollowFile(FileSystem& files, const std::string& path,
                                                uint64_t begin, uint64_t head_bytes,
                                                uint64_t head_checksum);
// An open descriptor, from its first byte on; what is not forgotten is in memory.
std::unique_ptr<GrowingText> FollowDescriptor(int descriptor);

}  // namespace chorus::worker
