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
#include "worker/import/held_source.h"

namespace chorus::worker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kPipeReadBytes = size_t{1} << 18;
constexpr double kLookSeconds = 0.2;  // at most between two looks at a file
constexpr int kMostTries = 10;        // to open a file that is renamed meanwhile

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

class GrowingFile final : public GrowingFileText {
 public:
  GrowingFile(FileSystem& files, std::string path, std::string at)
      : files_(files), path_(std::move(path)), at_(std::move(at)) {}

  Status Begin(uint64_t begin, const FileHead& head) {
    if (at_.empty()) RETURN_IF_ERROR(FindIt(begin, head));
    RETURN_IF_ERROR(Look());
    if (at_ != path_) return LookAtNext();
    return Status::Ok();
  }

  Result<bool> Grow(double seconds) override {
    const Clock::time_point begin = Clock::now();
    const uint64_t before = size_;
    while (true) {
      // The next one first: what is written to this one comes before it begins.
      if (at_ != path_) RETURN_IF_ERROR(LookAtNext());
      RETURN_IF_ERROR(Look());
      if (size_ > before) return true;
      const double left = seconds - SecondsSince(begin);
      if (left <= 0) return false;
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, kLookSeconds)));
    }
  }
  uint64_t size() const override { return size_; }
  bool ended() const override { return !next_path_.empty(); }
  const FileHead& head() const override { return head_; }
  const std::string& at() const override { return at_; }
  const std::string& next_path() const override { return next_path_; }
  Result<std::unique_ptr<ByteSource>> Open(uint64_t begin, uint64_t end) const override {
    return std::unique_ptr<ByteSource>(std::make_unique<RangeSource>(file_, begin, end));
  }
  Status Read(uint64_t begin, std::span<char> out) const override {
    return file_->ReadAt(begin, std::as_writable_bytes(out));
  }

 private:
  // Where the file is that was read up to `begin`.
  Status FindIt(uint64_t begin, FileHead head) {
    at_ = path_;
    if (head.bytes == 0 && begin == 0) return Status::Ok();  // nobody has read it
    head.least_size = begin;
    if (head.bytes > 0) {
      ASSIGN_OR_RETURN(std::string found, FindFollowed(files_, path_, head));
      if (found.empty()) {  // perhaps it was renamed while names were listed
        ASSIGN_OR_RETURN(found, FindFollowed(files_, path_, head));
      }
      if (!found.empty()) {
        at_ = found;
        head_ = head;
        return Status::Ok();
      }
    }
    ASSIGN_OR_RETURN(const auto file, files_.OpenForRead(path_));
    return FailedPrecondition(StrCat(
        path_, " is not the file that was read up to byte ", begin, ": it ",
        file->size() < begin ? "is shorter now" : "begins otherwise",
        ", and no file that a rotation has renamed (", path_, ".1) is that one. A file that ",
        "is replaced or cut cannot be followed; follow a directory of whole files instead"));
  }

  Status Look() {
    const uint64_t id = files_.IdOf(at_);
    Result<std::unique_ptr<RandomAccessFile>> opened = files_.OpenForRead(at_);
    const bool is_known = file_ != nullptr || head_.bytes > 0;
    if (opened.status().code() == Code::kNotFound && is_known) return IsRenamed("is gone");
    RETURN_IF_ERROR(opened.status());
    std::unique_ptr<RandomAccessFile> file = std::move(opened).value();
    const uint64_t was = std::max(size_, head_.bytes);
    if (file->size() < was) {
      return IsRenamed(StrCat("became shorter, from ", was, " to ", file->size(), " bytes,"));
    }
    // Its name was given to another one while it was opened, or since the last look.
    if (files_.IdOf(at_) != id || (head_.id != 0 && id != head_.id)) {
      return IsRenamed("was replaced");
    }
    if (head_.bytes > 0 && file->size() > size_) {
      ASSIGN_OR_RETURN(const uint64_t now, HeadChecksum(*file, head_.bytes));
      if (now != head_.checksum) return IsRenamed("was replaced by one that begins otherwise");
    }
    return Take(std::move(file), id);
  }

  Status Take(std::unique_ptr<RandomAccessFile> file, uint64_t id) {
    head_.id = id;
    if (file_ != nullptr && file->size() == size_) return Status::Ok();
    size_ = file->size();
    file_ = std::move(file);
    if (head_.bytes == kHeadBytes) return Status::Ok();
    head_.bytes = std::min(size_, kHeadBytes);
    ASSIGN_OR_RETURN(head_.checksum, HeadChecksum(*file_, head_.bytes));
    return Status::Ok();
  }

  // The file has another name now, or another one of the same begin has its name; else it is an
  // error that it changed so.
  Status IsRenamed(const std::string& how) {
    FileHead head = head_;
    head.least_size = std::max(size_, head_.least_size);
    Status unread;
    for (int tries = 0; tries < kMostTries; ++tries) {
      ASSIGN_OR_RETURN(const std::string found, FindFollowed(files_, path_, head));
      if (found.empty() && tries == 0) continue;  // perhaps it was renamed while names were listed
      if (found.empty()) return head.bytes == 0 ? TakeAnother() : IsReplaced(how);
      const uint64_t id = files_.IdOf(found);
      auto file = files_.OpenForRead(found);
      // A rotation renames every file: what has the same name afterwards had it all the time.
      ASSIGN_OR_RETURN(const std::string again, FindFollowed(files_, path_, head));
      if (again != found) continue;
      unread = file.status();
      if (!file.ok()) continue;
      next_path_.clear();  // the names of others changed, too
      at_ = found;
      return Take(std::move(*file), id);
    }
    RETURN_IF_ERROR(unread);
    return FailedPrecondition(StrCat(path_, " is renamed faster than it can be opened"));
  }

  Status IsReplaced(const std::string& how) const {
    return FailedPrecondition(StrCat("the file ", how,
                                     " while it was followed: a file that is replaced or cut "
                                     "cannot be, unless a rotation renames the old one (",
                                     path_, ".1); follow a directory of whole files instead"));
  }

  // Nothing of the file was read: what has its name now takes its place, as soon as it is there.
  Status TakeAnother() {
    at_ = path_;
    const uint64_t id = files_.IdOf(at_);
    auto file = files_.OpenForRead(at_);
    if (file.status().code() == Code::kNotFound) return Status::Ok();
    RETURN_IF_ERROR(file.status());
    if (files_.IdOf(at_) != id) return Status::Ok();  // the next look tells
    return Take(std::move(*file), id);
  }

  // Whether a file after this one has begun: its writer goes on in that one. One that is empty may
  // still get the last rows until a younger one begins, hence the second walk.
  Status LookAtNext() {
    ASSIGN_OR_RETURN(next_path_, NextWithBytes());
    if (next_path_.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(next_path_, NextWithBytes());
    return Status::Ok();
  }

  // "": there is none. Files that were rotated while they were empty are passed over, and so are
  // folders of such names.
  Result<std::string> NextWithBytes() const {
    std::string next = at_;
    while (next != path_) {
      ASSIGN_OR_RETURN(next, NextRotated(files_, path_, next));
      const auto file = files_.OpenForRead(next);
      if (file.status().code() == Code::kNotFound) return std::string();
      if (file.status().code() == Code::kInvalidArgument && next != path_) continue;
      RETURN_IF_ERROR(file.status());
      if ((*file)->size() > 0) return next;
    }
    return std::string();
  }

  FileSystem& files_;
  const std::string path_;  // as it is named
  std::string at_;          // the file's path now
  std::string next_path_;   // "": it has not begun
  std::shared_ptr<const RandomAccessFile> file_;
  uint64_t size_ = 0;
  FileHead head_;  // by which it is known again
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
    std::vector<char> buffer(kPipeReadBytes);
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

Result<std::unique_ptr<GrowingFileText>> FollowFile(FileSystem& files, const std::string& path,
                                                    const std::string& at, uint64_t begin,
                                                    const FileHead& head) {
  auto text = std::make_unique<GrowingFile>(files, path, at);
  RETURN_IF_ERROR(text->Begin(begin, head));
  return std::unique_ptr<GrowingFileText>(std::move(text));
}

std::unique_ptr<GrowingText> FollowDescriptor(int descriptor) {
  return std::make_unique<GrowingPipe>(descriptor);
}

}  // namespace chorus::worker
