#include <bzlib.h>

#include <algorithm>

#include "common/strings.h"
#include "worker/import/decoder.h"

namespace chorus::worker {
namespace {

constexpr size_t kMostInput = size_t{1} << 30;  // of one call, whose counts are 32-bit

class Bzip2Decoder : public Decoder {
 public:
  Bzip2Decoder() = default;
  ~Bzip2Decoder() override { End(); }
  Bzip2Decoder(const Bzip2Decoder&) = delete;
  Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;

  std::string_view name() const override { return "bzip2"; }

  Result<Progress> Decode(std::span<const char> in, std::span<char> out) override {
    const auto in_bytes = static_cast<unsigned>(std::min(in.size(), kMostInput));
    const auto out_bytes = static_cast<unsigned>(std::min(out.size(), kMostInput));
    stream_.next_in = const_cast<char*>(in.data());
    stream_.avail_in = in_bytes;
    stream_.next_out = out.data();
    stream_.avail_out = out_bytes;
    const int code = BZ2_bzDecompress(&stream_);
    if (code != BZ_OK && code != BZ_STREAM_END) {
      return DataLoss(StrCat("the bzip2 data is damaged (error ", code, ")"));
    }
    return Progress{in_bytes - stream_.avail_in, out_bytes - stream_.avail_out,
                    code == BZ_STREAM_END};
  }

  Status Restart() override {
    End();
    stream_ = {};
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) return Internal("bzip2 does not start");
    initialised_ = true;
    return Status::Ok();
  }

 private:
  void End() {
    if (initialised_) BZ2_bzDecompressEnd(&stream_);
    initialised_ = false;
  }

  bz_stream stream_{};
  bool initialised_ = false;
};

}  // namespace

Result<std::unique_ptr<Decoder>> NewBzip2Decoder() {
  auto decoder = std::make_unique<Bzip2Decoder>();
  RETURN_IF_ERROR(decoder->Restart());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace chorus::worker
