#pragma once
// Records of tf.Example, written by plain loops that share no code with the readers.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chorus::worker::tfrecord {

// CRC-32C, bit by bit.
inline uint32_t SlowCrc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
  }
  return ~crc;
}

template <typename T>
std::string Raw(T value) {
  std::string out(sizeof(value), '\0');
  std::memcpy(out.data(), &value, sizeof(value));
  return out;
}

inline std::string Masked(std::string_view bytes) {
  const uint32_t crc = SlowCrc32c(bytes);
  return Raw(static_cast<uint32_t>((crc >> 15 | crc << 17) + 0xa282ead8u));
}

inline std::string Record(std::string_view data) {
  const std::string length = Raw(static_cast<uint64_t>(data.size()));
  return length + Masked(length) + std::string(data) + Masked(data);
}

inline std::string Varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}

inline std::string Field(uint32_t number, std::string_view bytes) {
  return Varint(number << 3 | 2) + Varint(bytes.size()) + std::string(bytes);
}

inline std::string Bytes(const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) list += Field(1, value);
  return Field(1, list);
}
inline std::string Floats(const std::vector<float>& values) {
  std::string packed;
  for (const float value : values) packed += Raw(value);
  return Field(2, Field(1, packed));
}
inline std::string Integers(const std::vector<int64_t>& values, bool packed = true) {
  std::string list;
  for (const int64_t value : values) {
    if (!packed) list += Varint(1 << 3);
    list += Varint(static_cast<uint64_t>(value));
  }
  return Field(3, packed ? Field(1, list) : list);
}

// Names, and features that Bytes, Floats or Integers made.
using NamedFeatures = std::vector<std::pair<std::string, std::string>>;

inline std::string Features(const NamedFeatures& features) {
  std::string out;
  for (const auto& [name, feature] : features) out += Field(1, Field(1, name) + Field(2, feature));
  return out;
}
inline std::string Example(const NamedFeatures& features) { return Field(1, Features(features)); }

// lists: names, and the features of their steps.
inline std::string SequenceExample(
    const NamedFeatures& context,
    const std::vector<std::pair<std::string, std::vector<std::string>>>& lists) {
  std::string out;
  for (const auto& [name, steps] : lists) {
    std::string list;
    for (const std::string& step : steps) list += Field(1, step);
    out += Field(1, Field(1, name) + Field(2, list));
  }
  return Field(1, Features(context)) + Field(2, out);
}

}  // namespace chorus::worker::tfrecord
