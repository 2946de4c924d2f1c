#pragma once
// One packed stream (gzip, zstd, bzip2, xz) turned into its bytes, piece by piece: the libraries
// behind one interface. Thread safety: none.

#include <memory>
#include <span>
#include <string_view>

#include "common/status.h"

namespace chorus::worker {

class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual std::string_view name() const = 0;  // "gzip", for messages
  struct Progress {
    size_t taken = 0;    // bytes of `in` that are used up
    size_t made = 0;     // bytes written to `out`
    bool ended = false;  // the stream is complete; the rest of `in` is not part of it
  };
  // Error: kDataLoss, the stream is damaged.
  virtual Result<Progress> Decode(std::span<const char> in, std::span<char> out) = 0;
  // Makes the decoder ready for the next stream of the same format.
  virtual Status Restart() = 0;
};

Result<std::unique_ptr<Decoder>> NewGzipDecoder();
Result<std::unique_ptr<Decoder>> NewZstdDecoder();
Result<std::unique_ptr<Decoder>> NewBzip2Decoder();
Result<std::unique_ptr<Decoder>> NewXzDecoder();

}  // namespace chorus::worker
