#include <zlib.h>

#include <algorithm>

#include "common/strings.h"
#include "worker/import/decoder.h"

namespace chorus::worker {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;       // inflateInit2: a gzip header and trailer, checked
constexpr size_t kMostBytes = size_t{1} << 30;  // of one call, whose counts are 32-bit

class GzipDecoder : public Decoder {
 public:
  GzipDecoder() = default;
  ~GzipDecoder() override {
    if (initialised_) inflateEnd(&stream_);
  }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Status Init() {
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) return Internal("zlib does not start");
    initialised_ = true;
    return Status::Ok();
  }
  std::string_view name() const override { return "gzip"; }

  Result<Progress> Decode(std::span<const char> in, std::span<char> out) override {
    const auto in_bytes = static_cast<uInt>(std::min(in.size(), kMostBytes));
    const auto out_bytes = static_cast<uInt>(std::min(out.size(), kMostBytes));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = in_bytes;
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = out_bytes;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END) {
      return DataLoss(StrCat("the gzip data is damaged: ",
                             stream_.msg != nullptr ? stream_.msg : zError(code)));
    }
    return Progress{in_bytes - stream_.avail_in, out_bytes - stream_.avail_out,
                    code == Z_STREAM_END};
  }

  Status Restart() override {
    return inflateReset(&stream_) == Z_OK ? Status::Ok() : Internal("zlib does not restart");
  }

 private:
  z_stream stream_{};
  bool initialised_ = false;
};

}  // namespace

Result<std::unique_ptr<Decoder>> NewGzipDecoder() {
  auto decoder = std::make_unique<GzipDecoder>();
  RETURN_IF_ERROR(decoder->Init());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace chorus::worker
