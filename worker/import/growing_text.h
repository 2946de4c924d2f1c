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
#include "worker/import/rotated_files.h"

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

// A file that only grows, and may be rotated meanwhile (rotated_files.h): then it ends when nothing
// more comes, and the file after it has begun.
class GrowingFileText : public GrowingText {
 public:
  // How the file begins, as far as that has come; 0 bytes: it is empty.
  virtual const FileHead& head() const = 0;
  // The name that the file has now; and that of the file that came after it, if it has ended.
  virtual const std::string& at() const = 0;
  virtual const std::string& next_path() const = 0;
};
// at: the name that the file has now, if it is known; "" = it is looked for by its head.
// begin: where reading begins, which is where it ended before. head: how the file began then.
// Error: kFailedPrecondition, no file of `path` is that one: each is shorter, or begins otherwise.
// Grow has the same error when the file has changed.
Result<std::unique_ptr<GrowingFileText>> FollowFile(FileSystem& files, const std::string& path,
                                                    const std::string& at, uint64_t begin,
                                                    const FileHead& head);
// An open descriptor, from its first byte on; what is not forgotten is in memory.
std::unique_ptr<GrowingText> FollowDescriptor(int descriptor);

}  // namespace chorus::worker
