#include <zstd.h>

#include "common/strings.h"
#include "worker/import/decoder.h"

namespace chorus::worker {
namespace {

constexpr int kLargestWindow = 31;  // log2 of the bytes: what "zstd --long=31" writes

class ZstdDecoder : public Decoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDCtx()) {}
  ~ZstdDecoder() override { ZSTD_freeDCtx(stream_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  Status Init() {
    if (stream_ == nullptr ||
        ZSTD_isError(ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kLargestWindow))) {
      return Internal("zstd does not start");
    }
    return Status::Ok();
  }
  std::string_view name() const override { return "zstd"; }

  Result<Progress> Decode(std::span<const char> in, std::span<char> out) override {
    ZSTD_inBuffer input = {in.data(), in.size(), 0};
    ZSTD_outBuffer output = {out.data(), out.size(), 0};
    const size_t code = ZSTD_decompressStream(stream_, &output, &input);
    if (ZSTD_isError(code)) {
      return DataLoss(StrCat("the zstd data is damaged: ", ZSTD_getErrorName(code)));
    }
    return Progress{input.pos, output.pos, code == 0};
  }

  Status Restart() override {
    return ZSTD_isError(ZSTD_DCtx_reset(stream_, ZSTD_reset_session_only))
               ? Internal("zstd does not restart")
               : Status::Ok();
  }

 private:
  ZSTD_DCtx* stream_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> NewZstdDecoder() {
  auto decoder = std::make_unique<ZstdDecoder>();
  RETURN_IF_ERROR(decoder->Init());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace chorus::worker
