#include <zlib.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "worker/import/byte_source.h"

namespace chorus::worker {
namespace {

constexpr size_t kInputBytes = 256 * 1024;
constexpr unsigned char kMagic[2] = {0x1f, 0x8b};
constexpr int kGzipOnly = 16 + MAX_WBITS;  // inflateInit2: a gzip header and trailer, checked

// Fills `out` as far as the source goes (a pipe may deliver byte by byte).
Result<size_t> ReadFully(ByteSource& source, std::span<char> out) {
  size_t got = 0;
  while (got < out.size()) {
    ASSIGN_OR_RETURN(const size_t bytes, source.Read(out.subspan(got)));
    if (bytes == 0) break;
    got += bytes;
  }
  return got;
}

// Bytes that were read to look at them, and then the rest.
class PrefixedSource : public ByteSource {
 public:
  PrefixedSource(std::vector<char> prefix, std::unique_ptr<ByteSource> rest)
      : prefix_(std::move(prefix)), rest_(std::move(rest)) {}

  Result<size_t> Read(std::span<char> out) override {
    if (offset_ == prefix_.size()) return rest_->Read(out);
    const size_t bytes = std::min(out.size(), prefix_.size() - offset_);
    std::copy_n(prefix_.data() + offset_, bytes, out.data());
    offset_ += bytes;
    return bytes;
  }

 private:
  std::vector<char> prefix_;
  size_t offset_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

class GzipSource : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> packed)
      : packed_(std::move(packed)), input_(kInputBytes) {}
  ~GzipSource() override {
    if (initialised_) inflateEnd(&stream_);
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  Status Init() {
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) return Internal("zlib does not start");
    initialised_ = true;
    return Status::Ok();
  }

  Result<size_t> Read(std::span<char> out) override {
    const auto room = static_cast<uInt>(std::min<size_t>(out.size(), 1u << 30));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = room;
    while (stream_.avail_out == room) {
      if (stream_.avail_in == 0) RETURN_IF_ERROR(Fill());
      if (between_members_ && !SkipPadding()) {
        if (input_ended_) return size_t{0};
        continue;
      }
      if (stream_.avail_in == 0) return DataLoss("the gzip data ends early (is the file whole?)");
      RETURN_IF_ERROR(Inflate());
    }
    return static_cast<size_t>(room - stream_.avail_out);
  }

 private:
  Status Fill() {
    if (input_ended_) return Status::Ok();
    ASSIGN_OR_RETURN(const size_t bytes, packed_->Read(input_));
    input_ended_ = bytes == 0;
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(bytes);
    return Status::Ok();
  }

  // Zero bytes may pad the end of a member (tapes, block devices). Returns whether another member
  // begins.
  bool SkipPadding() {
    while (stream_.avail_in > 0 && *stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
    }
    if (stream_.avail_in == 0) return false;
    between_members_ = false;
    return true;
  }

  Status Inflate() {
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      between_members_ = true;
      return inflateReset(&stream_) == Z_OK ? Status::Ok() : Internal("zlib does not restart");
    }
    if (code == Z_OK || code == Z_BUF_ERROR) return Status::Ok();
    return DataLoss(
        StrCat("the gzip data is damaged: ", stream_.msg != nullptr ? stream_.msg : zError(code)));
  }

  std::unique_ptr<ByteSource> packed_;
  std::vector<char> input_;
  z_stream stream_{};
  bool initialised_ = false;
  bool input_ended_ = false;
  bool between_members_ = false;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> NewUnpackingSource(std::unique_ptr<ByteSource> packed) {
  std::vector<char> prefix(sizeof(kMagic));
  ASSIGN_OR_RETURN(const size_t bytes, ReadFully(*packed, prefix));
  prefix.resize(bytes);
  const bool gzip =
      std::equal(prefix.begin(), prefix.end(), std::begin(kMagic), std::end(kMagic),
                 [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; });
  std::unique_ptr<ByteSource> whole =
      std::make_unique<PrefixedSource>(std::move(prefix), std::move(packed));
  if (!gzip) return whole;
  auto source = std::make_unique<GzipSource>(std::move(whole));
  RETURN_IF_ERROR(source->Init());
  return std::unique_ptr<ByteSource>(std::move(source));
}

}  // namespace chorus::worker
