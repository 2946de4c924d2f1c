#pragma once
// Where the text of an import comes from: bytes in order, from a file or a descriptor, unpacked
// when they are gzip, zstd, bzip2 or xz (told by content, not by name). Thread safety: none; one
// thread reads a source.

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Reads up to out.size() bytes; 0 only at the end. REQUIRES: out is not empty.
  virtual Result<size_t> Read(std::span<char> out) = 0;
};

// The bytes of a file as they are on disk.
Result<std::unique_ptr<ByteSource>> OpenFileSource(FileSystem& files, const std::string& path);
// The bytes of an open file.
std::unique_ptr<ByteSource> NewFileSource(std::unique_ptr<RandomAccessFile> file);
// The bytes of an open descriptor (standard input, a pipe); it stays open, and must outlive the
// source.
std::unique_ptr<ByteSource> NewDescriptorSource(int descriptor);
// `packed`, unpacked if it begins as gzip, zstd, bzip2 or xz do (several streams in a row are one
// text), else as it is. Errors: kInvalidArgument when it is a file that is no text (file_format.h).
// Read's error: kDataLoss when the packed data is damaged or ends early.
Result<std::unique_ptr<ByteSource>> NewUnpackingSource(std::unique_ptr<ByteSource> packed);
// The same for a file, which is unpacked on a thread of its own (read_ahead.h) if it is packed.
Result<std::unique_ptr<ByteSource>> NewUnpackingFileSource(std::unique_ptr<ByteSource> packed);
// The same for any content, text or not; its first kFormatBytes (file_format.h) go to *first_bytes.
Result<std::unique_ptr<ByteSource>> NewUnpackingSource(std::unique_ptr<ByteSource> packed,
                                                       std::string* first_bytes);

}  // namespace chorus::worker
