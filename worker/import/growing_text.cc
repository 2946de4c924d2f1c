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

constexpr size_t kScanBytes = size_t{1} << 18;
constexpr double kLookSeconds = 0.2;  // at most between two looks at a file, or at `stop`
// Text through a descriptor is cut at so many bytes, too: it is in memory.
constexpr uint64_t kMostHeldBytes = uint64_t{256} << 20;

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
      return FailedPrecondition(StrCat(path_, " became shorter, from ", size_, " to ", file->size(),
                                       " bytes, while it was followed: a file that is replaced or "
                                       "cut cannot be; follow a directory of whole files instead"));
    }
    size_ = file->size();
    file_ = std::move(file);
    return Status::Ok();
  }

  FileSystem& files_;
  const std::string path_;
  std::shared_ptr<const RandomAccessFile> file_;
  uint64_t size_ = 0;
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
    std::vector<char> buffer(kScanBytes);
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

ChunkCutter::ChunkCutter(GrowingText* text, uint64_t begin, ChunkLimits limits)
    : text_(*text), limits_(std::move(limits)), begin_(begin), scanned_(begin), lines_end_(begin) {}

// As far as a chunk goes at most.
Result<bool> ChunkCutter::Scan() {
  if (lines_ == limits_.lines || scanned_ == text_.size()) return false;
  std::vector<char> bytes(std::min<uint64_t>(kScanBytes, text_.size() - scanned_));
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

Result<std::string> ChunkCutter::TakeHeader(uint64_t* lines) {
  const uint64_t chunks_begin = begin_;
  uint64_t line_begin = 0;
  *lines = 0;
  std::string header;
  const Clock::time_point begin = Clock::now();
  for (uint64_t at = 0;;) {
    if (at == text_.size()) {
      const bool over = text_.ended() || limits_.stop() ||
                        (limits_.idle_seconds > 0 && SecondsSince(begin) > limits_.idle_seconds);
      if (over) return std::string();
      RETURN_IF_ERROR(text_.Grow(kLookSeconds).status());
      continue;
    }
    char byte = 0;
    RETURN_IF_ERROR(text_.Read(at++, std::span(&byte, 1)));
    header += byte;
    if (byte != '\n') continue;
    ++*lines;
    const bool blank = Trim(std::string_view(header).substr(line_begin)).empty();
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
    if (lines_ == limits_.lines || lines_end_ - begin_ >= kMostHeldBytes) return Cut(false);
    if (limits_.stop()) return Cut(true);
    if (scanned) continue;
    if (text_.ended()) {
      const bool unended = text_.size() > lines_end_;
      lines_ += unended ? 1 : 0;
      lines_end_ = scanned_ = text_.size();
      return Cut(false);
    }
    const double since_first = SecondsSince(first_line);
    if (lines_ > 0 && since_first >= limits_.seal_seconds) return Cut(false);
    double wait = kLookSeconds;
    if (limits_.idle_seconds > 0) {
      const double left = limits_.idle_seconds - SecondsSince(last_byte_);
      if (left <= 0) return Cut(false);
      wait = std::min(wait, left);
    }
    if (lines_ > 0) wait = std::min(wait, limits_.seal_seconds - since_first);
    ASSIGN_OR_RETURN(const bool grew, text_.Grow(wait));
    if (grew) last_byte_ = Clock::now();
  }
}

}  // namespace chorus::worker
