#include "worker/import/growing_text.h"

#include <cerrno>
#include <cstring>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "worker/import/follow_position.h"

namespace chorus::worker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kReadBytes = size_t{1} << 18;
constexpr double kLookSeconds = 0.2;  // at most between two looks at a file

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// A part of a file.
class RangeSource final : public ByteSource {
 public:
  RangeSource(std::shared_ptr<const RandomAccessFile> file, uint64_t begin, uint64_t end)
      : file_(std::move(file)), at_(begin), end_(end) {}
  Result<size_t> Read(std::span<char> out) override {
    const size_t bytes = std::min<uint64_t>(out.size(), end_ - at_);
    if (bytes > 0) RETURN_IF_ERROR(file_->ReadAt(at_, std::as_writable_bytes(out.first(bytes))));
    at_ += bytes;
    return bytes;
  }

 private:
  const std::shared_ptr<const RandomAccessFile> file_;
  uint64_t at_;
  const uint64_t end_;
};

class GrowingFile final : public GrowingText {
 public:
  GrowingFile(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  Status Begin(uint64_t begin, uint64_t head_bytes, uint64_t head_checksum) {
    RETURN_IF_ERROR(Look());
    if (size_ >= std::max(begin, head_bytes) && head_bytes > 0) {
      ASSIGN_OR_RETURN(const uint64_t now, HeadChecksum(*file_, head_bytes));
      if (now == head_checksum) return Status::Ok();
    } else if (size_ >= begin && begin == 0) {
      return Status::Ok();
    }
    return FailedPrecondition(
        StrCat(path_, " is not the file that was read up to byte ", begin, ": it ",
               size_ < begin ? "is shorter now" : "begins otherwise",
               ". A file that is replaced or cut cannot be followed; follow a "
               "directory of whole files instead"));
  }

  Result<bool> Grow(double seconds) override {
    const Clock::time_point begin = Clock::now();
    const uint64_t before = size_;
    while (true) {
      RETURN_IF_ERROR(Look());
      if (size_ > before) return true;
      const double left = seconds - SecondsSince(begin);
      if (left <= 0) return false;
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, kLookSeconds)));
    }
  }
  uint64_t size() const override { return size_; }
  bool ended() const override { return false; }
  Result<std::unique_ptr<ByteSource>> Open(uint64_t begin, uint64_t end) const override {
    return std::unique_ptr<ByteSource>(std::make_unique<RangeSource>(file_, begin, end));
  }
  Status Read(uint64_t begin, std::span<char> out) const override {
    return file_->ReadAt(begin, std::as_writable_bytes(out));
  }

 private:
  Status Look() {
    ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> file, files_.OpenForRead(path_));
    if (file->size() < size_) {
      return Changed(StrCat("became shorter, from ", size_, " to ", file->size(), " bytes,"));
    }
    if (file->size() == size_ && file_ != nullptr) return Status::Ok();
    if (head_bytes_ > 0) {
      ASSIGN_OR_RETURN(const uint64_t now, HeadChecksum(*file, head_bytes_));
      if (now != head_checksum_) return Changed("was replaced by one that begins otherwise");
    }
    size_ = file->size();
    file_ = std::move(file);
    if (head_bytes_ == kHeadBytes) return Status::Ok();
    head_bytes_ = std::min(size_, kHeadBytes);
    ASSIGN_OR_RETURN(head_checksum_, HeadChecksum(*file_, head_bytes_));
    return Status::Ok();
  }

  Status Changed(const std::string& how) const {
    return FailedPrecondition(StrCat("the file ", how,
                                     " while it was followed: a file that is replaced or cut "
                                     "cannot be; follow a directory of whole files instead"));
  }

  FileSystem& files_;
  const std::string path_;
  std::shared_ptr<const RandomAccessFile> file_;
  uint64_t size_ = 0;
  uint64_t head_bytes_ = 0;  // by which it is known again when it has grown
  uint64_t head_checksum_ = 0;
};

// Bytes that are held in memory.
class HeldSource final : public ByteSource {
 public:
  explicit HeldSource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<size_t> Read(std::span<char> out) override {
    const size_t bytes = std::min(out.size(), bytes_.size() - at_);
    std::copy_n(bytes_.data() + at_, bytes, out.data());
    at_ += bytes;
    return bytes;
  }

 private:
  const std::string bytes_;
  size_t at_ = 0;
};

class GrowingPipe final : public GrowingText {
 public:
  explicit GrowingPipe(int descriptor) : descriptor_(descriptor) {}

  Result<bool> Grow(double seconds) override {
    if (ended_) return false;
    pollfd wait{descriptor_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(1000 * std::max(seconds, 0.0)));
    if (ready < 0 && errno != EINTR) return Internal(StrCat("poll: ", std::strerror(errno)));
    if (ready <= 0) return false;
    std::vector<char> buffer(kReadBytes);
    const ssize_t bytes = ::read(descriptor_, buffer.data(), buffer.size());
    if (bytes < 0 && errno != EINTR && errno != EAGAIN) {
      return Internal(StrCat("reading standard input: ", std::strerror(errno)));
    }
    ended_ = bytes == 0;
    if (bytes > 0) held_.append(buffer.data(), static_cast<size_t>(bytes));
    return bytes > 0;
  }
  uint64_t size() const override { return forgotten_ + held_.size(); }
  bool ended() const override { return ended_; }
  Result<std::unique_ptr<ByteSource>> Open(uint64_t begin, uint64_t end) const override {
    return std::unique_ptr<ByteSource>(
        std::make_unique<HeldSource>(held_.substr(begin - forgotten_, end - begin)));
  }
  Status Read(uint64_t begin, std::span<char> out) const override {
    std::copy_n(held_.data() + (begin - forgotten_), out.size(), out.data());
    return Status::Ok();
  }
  void Forget(uint64_t end) override {
    held_.erase(0, end - forgotten_);
    forgotten_ = end;
  }

 private:
  const int descriptor_;
  std::string held_;
  uint64_t forgotten_ = 0;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<GrowingText>> FollowFile(FileSystem& files, const std::string& path,
                                                uint64_t begin, uint64_t head_bytes,
                                                uint64_t head_checksum) {
  auto text = std::make_unique<GrowingFile>(files, path);
  RETURN_IF_ERROR(text->Begin(begin, head_bytes, head_checksum));
  return std::unique_ptr<GrowingText>(std::move(text));
}

std::unique_ptr<GrowingText> FollowDescriptor(int descriptor) {
  return std::make_unique<GrowingPipe>(descriptor);
}

}  // namespace chorus::worker
