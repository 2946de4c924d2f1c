#include "worker/import/packed_text.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "common/output_file.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr size_t kPackedBytes = size_t{64} << 10;  // that leave a packer at once

class PlainText final : public PackedText {
 public:
  explicit PlainText(std::unique_ptr<OutputFile> file) : file_(std::move(file)) {}
  Status Append(std::string_view text) override { return file_->Append(text); }
  Status Commit() override { return file_->Commit(); }

 private:
  const std::unique_ptr<OutputFile> file_;
};

class GzipText final : public PackedText {
 public:
  explicit GzipText(std::unique_ptr<OutputFile> file) : file_(std::move(file)) {}
  ~GzipText() override { deflateEnd(&stream_); }

  Status Begin() {
    constexpr int kGzipHeader = 16;
    const int code = deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                                  kGzipHeader + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    return code == Z_OK ? Status::Ok() : Internal("gzip does not start");
  }
  Status Append(std::string_view text) override {
    while (!text.empty()) {  // zlib counts in 32 bits
      const size_t bytes = std::min<size_t>(text.size(), std::numeric_limits<uInt>::max());
      RETURN_IF_ERROR(Pack(text.substr(0, bytes), Z_NO_FLUSH));
      text.remove_prefix(bytes);
    }
    return Status::Ok();
  }
  Status Commit() override {
    RETURN_IF_ERROR(Pack({}, Z_FINISH));
    return file_->Commit();
  }

 private:
  Status Pack(std::string_view text, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(packed_.data());
      stream_.avail_out = static_cast<uInt>(packed_.size());
      if (deflate(&stream_, flush) == Z_STREAM_ERROR) return Internal("gzip: its state is damaged");
      RETURN_IF_ERROR(file_->Append({packed_.data(), packed_.size() - stream_.avail_out}));
    } while (stream_.avail_out == 0);
    return Status::Ok();
  }

  const std::unique_ptr<OutputFile> file_;
  z_stream stream_{};
  std::vector<char> packed_ = std::vector<char>(kPackedBytes);
};

class ZstdText final : public PackedText {
 public:
  explicit ZstdText(std::unique_ptr<OutputFile> file)
      : file_(std::move(file)), stream_(ZSTD_createCCtx()) {}
  ~ZstdText() override { ZSTD_freeCCtx(stream_); }
  ZstdText(const ZstdText&) = delete;
  ZstdText& operator=(const ZstdText&) = delete;

  Status Begin() {
    if (stream_ == nullptr ||
        ZSTD_isError(ZSTD_CCtx_setParameter(stream_, ZSTD_c_checksumFlag, 1))) {
      return Internal("zstd does not start");
    }
    return Status::Ok();
  }
  Status Append(std::string_view text) override { return Pack(text, ZSTD_e_continue); }
  Status Commit() override {
    RETURN_IF_ERROR(Pack({}, ZSTD_e_end));
    return file_->Commit();
  }

 private:
  Status Pack(std::string_view text, ZSTD_EndDirective end) {
    ZSTD_inBuffer in = {text.data(), text.size(), 0};
    while (true) {
      ZSTD_outBuffer out = {packed_.data(), packed_.size(), 0};
      const size_t left = ZSTD_compressStream2(stream_, &out, &in, end);
      if (ZSTD_isError(left)) return Internal(StrCat("zstd: ", ZSTD_getErrorName(left)));
      RETURN_IF_ERROR(file_->Append({packed_.data(), out.pos}));
      if (end == ZSTD_e_end ? left == 0 : in.pos == in.size) return Status::Ok();
    }
  }

  const std::unique_ptr<OutputFile> file_;
  ZSTD_CCtx* const stream_;
  std::vector<char> packed_ = std::vector<char>(kPackedBytes);
};

}  // namespace

Result<std::unique_ptr<PackedText>> PackedText::Create(FileSystem& files, const std::string& path) {
  // A text tells nobody who wrote it, and no text begins so: what is there stays.
  constexpr std::string_view kNoText("\0", 1);
  ASSIGN_OR_RETURN(std::unique_ptr<OutputFile> file,
                   OutputFile::Replace(files, path, kNoText, "empty file"));
  if (path.ends_with(".gz")) {
    auto text = std::make_unique<GzipText>(std::move(file));
    RETURN_IF_ERROR(text->Begin());
    return std::unique_ptr<PackedText>(std::move(text));
  }
  if (path.ends_with(".zst")) {
    auto text = std::make_unique<ZstdText>(std::move(file));
    RETURN_IF_ERROR(text->Begin());
    return std::unique_ptr<PackedText>(std::move(text));
  }
  return std::unique_ptr<PackedText>(std::make_unique<PlainText>(std::move(file)));
}

}  // namespace chorus::worker
