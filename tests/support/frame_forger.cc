#include "tests/support/frame_forger.h"

#include <cstring>

#include "common/file.h"
#include "common/frame_codec.h"

namespace chorus::testing {
namespace {

template <typename T>
T NumberAt(const std::vector<std::byte>& bytes, size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

void PutChecksum(std::vector<std::byte>* part, size_t at, std::span<const std::byte> of) {
  const uint64_t checksum = Checksum(of);
  std::memcpy(part->data() + at, &checksum, sizeof(checksum));
}

}  // namespace

std::vector<std::byte> FrameForger::Pass(std::span<const std::byte> bytes) {
  std::vector<std::byte> out;
  const size_t skipped = std::min(skip_, bytes.size());
  out.assign(bytes.begin(), bytes.begin() + static_cast<long>(skipped));
  skip_ -= skipped;
  held_.insert(held_.end(), bytes.begin() + static_cast<long>(skipped), bytes.end());
  while (PassPart(&out)) {
  }
  return out;
}

// The bytes of headers are in common/README.md.
bool FrameForger::PassPart(std::vector<std::byte>* out) {
  if (held_.empty() || (!unreadable_ && held_.size() < kPartHeaderBytes)) return false;
  unreadable_ = unreadable_ || NumberAt<uint32_t>(held_, 0) != kWireMagic;
  size_t bytes = held_.size();
  bool may_forge = true;
  if (!unreadable_) {
    bytes = kPartHeaderBytes + NumberAt<uint32_t>(held_, 40);
    if (held_.size() < bytes) return false;
    may_forge = NumberAt<uint32_t>(held_, 20) > 0 && bytes > kPartHeaderBytes + 8;
  }
  std::vector<std::byte> part(held_.begin(), held_.begin() + static_cast<long>(bytes));
  held_.erase(held_.begin(), held_.begin() + static_cast<long>(bytes));
  if (may_forge && ++seen_ % every_ == 0) {
    ++forged_;
    part[part.size() - 2] ^= std::byte{0x10};  // a high bit of a last float's fraction
    if (!unreadable_) {
      PutChecksum(&part, 48, std::span(part).subspan(kPartHeaderBytes));
      PutChecksum(&part, 56, std::span(part).first(56));
    }
  }
  out->insert(out->end(), part.begin(), part.end());
  return true;
}

}  // namespace chorus::testing
