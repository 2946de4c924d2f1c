#include <lzma.h>

#include "common/strings.h"
#include "worker/import/decoder.h"

namespace chorus::worker {
namespace {

class XzDecoder : public Decoder {
 public:
  XzDecoder() = default;
  ~XzDecoder() override { lzma_end(&stream_); }
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;

  std::string_view name() const override { return "xz"; }

  Result<Progress> Decode(std::span<const char> in, std::span<char> out) override {
    stream_.next_in = reinterpret_cast<const uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<uint8_t*>(out.data());
    stream_.avail_out = out.size();
    const lzma_ret code = lzma_code(&stream_, LZMA_RUN);
    if (code != LZMA_OK && code != LZMA_BUF_ERROR && code != LZMA_STREAM_END) {
      return DataLoss(StrCat("the xz data is damaged (error ", static_cast<int>(code), ")"));
    }
    return Progress{in.size() - stream_.avail_in, out.size() - stream_.avail_out,
                    code == LZMA_STREAM_END};
  }

  Status Restart() override {
    constexpr uint64_t kAnyMemory = UINT64_MAX;
    return lzma_stream_decoder(&stream_, kAnyMemory, 0) == LZMA_OK
               ? Status::Ok()
               : Internal("liblzma does not start");
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace

Result<std::unique_ptr<Decoder>> NewXzDecoder() {
  auto decoder = std::make_unique<XzDecoder>();
  RETURN_IF_ERROR(decoder->Restart());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace chorus::worker
