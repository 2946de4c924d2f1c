#include "worker/import/byte_source.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/strings.h"

namespace chorus::worker {
namespace {

class FileSource : public ByteSource {
 public:
  explicit FileSource(std::unique_ptr<RandomAccessFile> file) : file_(std::move(file)) {}

  Result<size_t> Read(std::span<char> out) override {
    const size_t bytes = std::min<uint64_t>(out.size(), file_->size() - offset_);
    if (bytes > 0) {
      RETURN_IF_ERROR(file_->ReadAt(offset_, std::as_writable_bytes(out.first(bytes))));
    }
    offset_ += bytes;
    return bytes;
  }

 private:
  std::unique_ptr<RandomAccessFile> file_;
  uint64_t offset_ = 0;
};

class DescriptorSource : public ByteSource {
 public:
  explicit DescriptorSource(int descriptor) : descriptor_(descriptor) {}

  Result<size_t> Read(std::span<char> out) override {
    while (true) {
      const ssize_t bytes = ::read(descriptor_, out.data(), out.size());
      if (bytes >= 0) return static_cast<size_t>(bytes);
      if (errno != EINTR) return Internal(StrCat("read: ", std::strerror(errno)));
    }
  }

 private:
  int descriptor_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> OpenFileSource(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(auto file, files.OpenForRead(path));
  return NewFileSource(std::move(file));
}

std::unique_ptr<ByteSource> NewFileSource(std::unique_ptr<RandomAccessFile> file) {
  return std::make_unique<FileSource>(std::move(file));
}

std::unique_ptr<ByteSource> NewDescriptorSource(int descriptor) {
  return std::make_unique<DescriptorSource>(descriptor);
}

}  // namespace chorus::worker
