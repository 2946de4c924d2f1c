#include "worker/math/array_copies.h"

#include <algorithm>
#include <cstring>

namespace chorus::worker {

void ArrayCopies::Add(const void* from, void* to, size_t bytes) {
  const auto* const source = static_cast<const std::byte*>(from);
  auto* const target = static_cast<std::byte*>(to);
  for (size_t begin = 0; begin < bytes; begin += kPieceBytes) {
    pieces_.push_back({source + begin, target + begin, std::min(kPieceBytes, bytes - begin)});
  }
  bytes_ += bytes;
}

void ArrayCopies::Clear() {
  pieces_.clear();
  bytes_ = 0;
}

void ArrayCopies::Copy(size_t piece) const {
  std::memcpy(pieces_[piece].to, pieces_[piece].from, pieces_[piece].bytes);
}

}  // namespace chorus::worker
