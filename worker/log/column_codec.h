#pragma once
// Encodings of one column of numbers, before compression. The encoding, the number of values and
// the size of the dictionary determine the number of encoded bytes, so that a reader can check it
// before it decodes. Thread safety: pure functions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/status.h"

namespace chorus::worker {

// Numbers reach disk: never reuse one. w = bytes of a value, n = values, d = dictionary entries.
enum class Encoding : uint8_t {
  kAbsent = 0,    // nothing: every value is 1 (floats only)
  kPlain = 1,     // n values
  kSequence = 2,  // first value; each next one is larger by 1 (integers)
  kDelta8 = 3,    // first value, then n - 1 differences >= 0 of 1, 2 or 4 bytes (integers)
  kDelta16 = 4,
  kDelta32 = 5,
  kDictionary8 = 6,  // d values in order of first use, then n indices of 1, 2 or 4 bytes
  kDictionary16 = 7,
  kDictionary32 = 8,
  kBits = 9,  // n bits, value i = bit i % 8 of byte i / 8; unused bits are 0
};

struct EncodedColumn {
  Encoding encoding = Encoding::kPlain;
  uint32_t dictionary = 0;
  std::string bytes;
};

// The encoding of the fewest bytes; among equals the one with the lowest number.
EncodedColumn EncodeIntegers(std::span<const uint32_t> values);
EncodedColumn EncodeIntegers(std::span<const uint64_t> values);
EncodedColumn EncodeFloats(std::span<const float> values);
EncodedColumn EncodeBits(std::span<const uint8_t> values);  // REQUIRES: each is 0 or 1

// The number of encoded bytes of `count` values of `value_bytes` each. Absent when no such column
// exists: a dictionary in an encoding without one, or an encoding that the format does not know.
std::optional<uint64_t> EncodedBytes(Encoding encoding, size_t value_bytes, uint64_t count,
                                     uint32_t dictionary);

// Decodes out.size() values. REQUIRES: bytes.size() == EncodedBytes(...). Error: kDataLoss.
Status DecodeIntegers(Encoding encoding, uint32_t dictionary, std::span<const std::byte> bytes,
                      std::span<uint32_t> out);
Status DecodeIntegers(Encoding encoding, uint32_t dictionary, std::span<const std::byte> bytes,
                      std::span<uint64_t> out);
Status DecodeFloats(Encoding encoding, uint32_t dictionary, std::span<const std::byte> bytes,
                    std::span<float> out);
Status DecodeBits(Encoding encoding, std::span<const std::byte> bytes, std::span<uint8_t> out);

}  // namespace chorus::worker
