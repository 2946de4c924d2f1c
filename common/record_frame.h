#pragma once
// How TFRecord frames a record, and TensorBoard an event: the record's length (8 bytes,
// little-endian), the masked CRC-32C of these 8 bytes (4 bytes), the record itself, and its masked
// CRC-32C (4 bytes). Thread safety: pure functions.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "common/crc32c.h"

namespace chorus {

inline constexpr size_t kRecordHead = 12;  // bytes before a record
inline constexpr size_t kRecordTail = 4;   // bytes behind it

// The masked checksum of the format: the CRC is rotated and a constant added, so that a CRC over
// bytes that contain CRCs stays useful.
inline uint32_t MaskedCrc32c(std::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

template <typename T>
T LittleEndian(std::string_view bytes) {
  T value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

template <typename T>
void AppendLittleEndian(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// The record with its frame.
inline std::string FramedRecord(std::string_view record) {
  std::string framed;
  framed.reserve(kRecordHead + record.size() + kRecordTail);
  AppendLittleEndian<uint64_t>(record.size(), &framed);
  AppendLittleEndian<uint32_t>(MaskedCrc32c(framed), &framed);
  framed.append(record);
  AppendLittleEndian<uint32_t>(MaskedCrc32c(record), &framed);
  return framed;
}

// Whether the bytes begin a TFRecord file: a length and its checksum, which do not come by chance.
inline bool BeginsRecord(std::string_view first_bytes) {
  return first_bytes.size() >= kRecordHead &&
         MaskedCrc32c(first_bytes.substr(0, 8)) == LittleEndian<uint32_t>(first_bytes.substr(8));
}

}  // namespace chorus
