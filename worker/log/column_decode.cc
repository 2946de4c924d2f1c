// The reading half of column_codec.h. Bytes come from files: nothing in them is trusted.
#include <algorithm>
#include <limits>

#include "common/check.h"
#include "common/strings.h"
#include "worker/log/column_codec.h"
#include "worker/log/format.h"

namespace chorus::worker {
namespace {

template <typename T, typename Step>
Status DecodeDeltas(const std::byte* bytes, std::span<T> out) {
  const T first = Load<T>(bytes);
  const std::byte* steps = bytes + sizeof(T);
  // At most 2^32 steps below 2^32: the sum stays under 2^64.
  uint64_t sum = 0;
  out[0] = first;
  for (size_t i = 1; i < out.size(); ++i) {
    sum += Load<Step>(steps + (i - 1) * sizeof(Step));
    out[i] = static_cast<T>(first + sum);
  }
  if (sum > std::numeric_limits<T>::max() - first) {
    return DataLoss("differences pass the largest value of the column");
  }
  return Status::Ok();
}

template <typename T>
Status DecodeSequence(const std::byte* bytes, std::span<T> out) {
  const T first = Load<T>(bytes);
  if (out.size() - 1 > std::numeric_limits<T>::max() - first) {
    return DataLoss("a sequence passes the largest value of the column");
  }
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(first + i);
  return Status::Ok();
}

template <typename T, typename Index>
Status DecodeDictionary(const std::byte* bytes, uint32_t dictionary, std::span<T> out) {
  const std::byte* indices = bytes + sizeof(T) * static_cast<size_t>(dictionary);
  Index largest = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    largest = std::max(largest, Load<Index>(indices + i * sizeof(Index)));
  }
  if (largest >= dictionary) {
    return DataLoss(StrCat("index ", largest, " into a dictionary of ", dictionary));
  }
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t index = Load<Index>(indices + i * sizeof(Index));
    out[i] = Load<T>(bytes + index * sizeof(T));
  }
  return Status::Ok();
}

template <typename T>
Status Decode(Encoding encoding, uint32_t dictionary, std::span<const std::byte> bytes,
              std::span<T> out) {
  const std::optional<uint64_t> expected =
      EncodedBytes(encoding, sizeof(T), out.size(), dictionary);
  CHECK(expected.has_value() && *expected == bytes.size(), "bytes=", bytes.size());
  if (out.empty()) return Status::Ok();
  const std::byte* from = bytes.data();
  switch (encoding) {
    case Encoding::kPlain:
      std::memcpy(out.data(), from, out.size_bytes());
      return Status::Ok();
    case Encoding::kSequence:
      if constexpr (std::is_integral_v<T>) return DecodeSequence(from, out);
      break;
    case Encoding::kDelta8:
      if constexpr (std::is_integral_v<T>) return DecodeDeltas<T, uint8_t>(from, out);
      break;
    case Encoding::kDelta16:
      if constexpr (std::is_integral_v<T>) return DecodeDeltas<T, uint16_t>(from, out);
      break;
    case Encoding::kDelta32:
      if constexpr (std::is_integral_v<T>) return DecodeDeltas<T, uint32_t>(from, out);
      break;
    case Encoding::kDictionary8:
      return DecodeDictionary<T, uint8_t>(from, dictionary, out);
    case Encoding::kDictionary16:
      return DecodeDictionary<T, uint16_t>(from, dictionary, out);
    case Encoding::kDictionary32:
      return DecodeDictionary<T, uint32_t>(from, dictionary, out);
    case Encoding::kAbsent:
    case Encoding::kBits:
      break;
  }
  return DataLoss(StrCat("encoding ", encoding, " does not belong to this kind of column"));
}

}  // namespace

std::optional<uint64_t> EncodedBytes(Encoding encoding, size_t value_bytes, uint64_t count,
                                     uint32_t dictionary) {
  const int code = static_cast<int>(encoding);
  if (encoding >= Encoding::kDictionary8 && encoding <= Encoding::kDictionary32) {
    const int width = 1 << (code - static_cast<int>(Encoding::kDictionary8));
    if (dictionary == 0 || dictionary > count) return std::nullopt;
    return dictionary * static_cast<uint64_t>(value_bytes) + count * width;
  }
  if (dictionary != 0) return std::nullopt;
  switch (encoding) {
    case Encoding::kAbsent:
      return 0;
    case Encoding::kPlain:
      return count * value_bytes;
    case Encoding::kBits:
      return (count + 7) / 8;
    case Encoding::kSequence:
      return count == 0 ? std::nullopt : std::optional<uint64_t>(value_bytes);
    case Encoding::kDelta8:
    case Encoding::kDelta16:
    case Encoding::kDelta32: {
      const int width = 1 << (code - static_cast<int>(Encoding::kDelta8));
      return count == 0 ? std::nullopt : std::optional<uint64_t>(value_bytes + (count - 1) * width);
    }
    case Encoding::kDictionary8:
    case Encoding::kDictionary16:
    case Encoding::kDictionary32:
      break;  // returned above
  }
  return std::nullopt;  // a number that a file holds and the format does not know
}

Status DecodeIntegers(Encoding encoding, uint32_t dictionary, std::span<const std::byte> bytes,
                      std::span<uint32_t> out) {
  return Decode(encoding, dictionary, bytes, out);
}
Status DecodeIntegers(Encoding encoding, uint32_t dictionary, std::span<const std::byte> bytes,
                      std::span<uint64_t> out) {
  return Decode(encoding, dictionary, bytes, out);
}
Status DecodeFloats(Encoding encoding, uint32_t dictionary, std::span<const std::byte> bytes,
                    std::span<float> out) {
  return Decode(encoding, dictionary, bytes, out);
}

Status DecodeBits(Encoding encoding, std::span<const std::byte> bytes, std::span<uint8_t> out) {
  if (encoding != Encoding::kBits) {
    return DataLoss(StrCat("encoding ", encoding, " of a column of bits"));
  }
  CHECK(bytes.size() == (out.size() + 7) / 8, "bytes=", bytes.size());
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<uint8_t>(static_cast<uint8_t>(bytes[i / 8]) >> (i % 8)) & 1;
  }
  if (out.size() % 8 != 0 && (static_cast<uint8_t>(bytes.back()) >> (out.size() % 8)) != 0) {
    return DataLoss("bits past the last row are not 0");
  }
  return Status::Ok();
}

}  // namespace chorus::worker
