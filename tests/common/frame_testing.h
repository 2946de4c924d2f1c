#pragma once
// Frames with known contents, and the codec applied to a byte string.
// Thread safety: pure functions.

#include <cstring>
#include <string>
#include <vector>

#include "common/frame_codec.h"
#include "common/random.h"

namespace chorus::testing {

// An array with the bytes of these values.
template <typename T>
ByteArray BytesOf(const std::vector<T>& values) {
  ByteArray array = ByteArray::Allocate(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(array.data(), values.data(), array.size());
  return array;
}

// A frame with arrays of the given sizes, filled from the seed.
inline Frame MakeFrame(const std::vector<size_t>& sizes, uint64_t seed, std::string meta = "meta") {
  Frame frame;
  frame.type = FrameType::kStep;
  frame.meta = std::move(meta);
  for (size_t a = 0; a < sizes.size(); ++a) {
    ByteArray array = ByteArray::Allocate(sizes[a]);
    for (size_t i = 0; i < sizes[a]; ++i) {
      array.data()[i] = static_cast<std::byte>(Random(seed, RandomPurpose::kTest, a, i));
    }
    frame.arrays.push_back(array);
  }
  return frame;
}

inline bool SameFrame(const Frame& a, const Frame& b) {
  if (a.type != b.type || a.meta != b.meta || a.arrays.size() != b.arrays.size()) return false;
  for (size_t i = 0; i < a.arrays.size(); ++i) {
    if (a.arrays[i].size() != b.arrays[i].size()) return false;
    if (a.arrays[i].size() > 0 &&
        std::memcmp(a.arrays[i].data(), b.arrays[i].data(), a.arrays[i].size()) != 0) {
      return false;
    }
  }
  return true;
}

inline std::vector<std::byte> Encode(const Envelope& envelope, uint64_t max_part_bytes) {
  std::vector<std::byte> out;
  FrameEncoder encoder(envelope, max_part_bytes);
  while (!encoder.done()) {
    for (const auto& piece : encoder.NextPart()) out.insert(out.end(), piece.begin(), piece.end());
  }
  return out;
}

// The envelopes in `bytes`; kUnavailable if they end within one.
inline Result<std::vector<Envelope>> Decode(std::span<const std::byte> bytes,
                                            uint64_t max_frame_bytes) {
  FrameAssembler assembler(max_frame_bytes);
  std::vector<Envelope> envelopes;
  bool within = false;
  while (!bytes.empty() || within) {
    if (bytes.size() < kPartHeaderBytes) return Unavailable("the bytes end within a header");
    ASSIGN_OR_RETURN(const std::span<std::byte> place,
                     assembler.BeginPart(bytes.first<kPartHeaderBytes>()));
    bytes = bytes.subspan(kPartHeaderBytes);
    if (bytes.size() < place.size()) return Unavailable("the bytes end within a part");
    if (!place.empty()) std::memcpy(place.data(), bytes.data(), place.size());
    bytes = bytes.subspan(place.size());
    ASSIGN_OR_RETURN(const bool whole, assembler.FinishPart());
    if (whole) envelopes.push_back(assembler.Take());
    within = !whole;
  }
  return envelopes;
}

}  // namespace chorus::testing
