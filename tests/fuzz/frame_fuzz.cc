// Any byte string fed to the assembler part by part, with the checksums made good so that the
// structure behind them is reached: an error or a frame whose encoding decodes to itself; never a
// crash.

#include <algorithm>
#include <cstring>

#include "common/check.h"
#include "common/file.h"
#include "tests/common/frame_testing.h"

namespace {

using namespace chorus;  // NOLINT: a program of one file
constexpr uint64_t kLimit = 1 << 20;

void CheckFrame(const Envelope& envelope) {
  const auto again = testing::Decode(testing::Encode(envelope, 100), 2 * kLimit);
  CHECK(again.ok() && again->size() == 1);
  CHECK(testing::SameFrame(again->front().frame, envelope.frame));
  (void)StatusOfFrame(envelope.frame);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::span<const std::byte> left(reinterpret_cast<const std::byte*>(data), size);
  FrameAssembler assembler(kLimit);
  while (left.size() >= kPartHeaderBytes) {
    std::array<std::byte, kPartHeaderBytes> header;
    std::memcpy(header.data(), left.data(), header.size());
    left = left.subspan(kPartHeaderBytes);
    uint32_t part_bytes = 0;
    std::memcpy(&part_bytes, header.data() + 40, sizeof(part_bytes));
    const uint64_t payload = Checksum(left.first(std::min<size_t>(part_bytes, left.size())));
    std::memcpy(header.data() + 48, &payload, sizeof(payload));
    const uint64_t checksum = Checksum(std::span<const std::byte>(header).first(56));
    std::memcpy(header.data() + 56, &checksum, sizeof(checksum));
    const auto place = assembler.BeginPart(header);
    if (!place.ok() || place->size() > left.size()) return 0;
    if (!place->empty()) std::memcpy(place->data(), left.data(), place->size());
    left = left.subspan(place->size());
    const auto whole = assembler.FinishPart();
    if (!whole.ok()) return 0;
    if (*whole) CheckFrame(assembler.Take());
  }
  return 0;
}
