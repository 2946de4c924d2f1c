#pragma once
// The numbers of the log's format (README.md beside this file) and the order of a block's columns.
// Thread safety: pure functions.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

static_assert(std::endian::native == std::endian::little, "log files are little-endian");

constexpr uint64_t kHeadMagic = 0x474f4c5355524843;  // "CHRUSLOG"
constexpr uint64_t kTailMagic = 0x444e455355524843;  // "CHRUSEND"
constexpr uint32_t kBlockMagic = 0x4b4c4243;         // "CBLK"
// Version 2 is version 1 whose schema says that labels are not there: a program that knows only
// version 1 would take their zeros for truth, and refuses it instead. Version 3 has texts of row
// ids. A log has the lowest version that can say what it holds.
constexpr uint32_t kFormatVersion = 3;
constexpr uint32_t FormatVersionOf(const LogSchema& schema) {
  if (schema.has_row_id_text) return 3;
  return schema.has_click && schema.has_conversion ? 1 : 2;
}

// Limits that bound what a corrupted count can make a reader allocate.
constexpr uint32_t kMaxBlockRows = 1u << 20;
constexpr uint64_t kMaxBlockDecodedBytes = 1ull << 29;  // all columns of a block together
constexpr uint32_t kMaxSchemaBytes = 1u << 24;

// head = magic u64, version u32, schema_bytes u32, schema, checksum u64 (of all before it)
constexpr size_t kHeadPrefixBytes = 16;
// block header = magic u32, rows u32, contexts u32, columns u32, section headers, checksum u64
constexpr size_t kBlockPrefixBytes = 16;
// section header = encoding u8, compression u8, reserved u16, dictionary u32, stored_bytes u32,
//                checksum u64
constexpr size_t kSectionHeaderBytes = 20;
// index entry = bytes u64, rows, contexts, clicks, conversions, unclicked_conversions u32,
//               checksum u64
constexpr size_t kIndexEntryBytes = 36;
// tail = blocks u64, checksum u64 (of the index and blocks), magic u64
constexpr size_t kTailBytes = 24;
constexpr size_t kChecksumBytes = 8;

constexpr size_t BlockHeaderBytes(size_t columns) {
  return kBlockPrefixBytes + columns * kSectionHeaderBytes + kChecksumBytes;
}

enum class ColumnKind {
  kOffsets,  // of a slot: offsets[1 .. rows]
  kKeys,     // of a slot
  kValues,   // of a slot with values
  kNumeric,
  kContextOf,  // only when the schema has context columns
  kRowId,
  kClick,
  kConversion,
  kWeight,
  kGroup,
  kTime,
  kRowIdEnds,  // end of each row's text among the bytes of all
  kRowIdText,  // bytes
};

// One column of a block. `index` counts slots or numerics of its side.
struct Column {
  ColumnKind kind;
  bool context = false;
  uint32_t index = 0;
  const SlotInfo* slot = nullptr;  // of kOffsets, kKeys, kValues; points into the schema
  std::string name;                // for messages: "205 keys"
};

// The columns of a block, in the order of its sections. `schema` must outlive them.
std::vector<Column> ColumnsOf(const LogSchema& schema);
bool HasContextColumns(const LogSchema& schema);
// Slots and numerics of one side.
uint32_t CountSlots(const LogSchema& schema, bool context);
uint32_t CountNumerics(const LogSchema& schema, bool context);

std::string EncodeSchema(const LogSchema& schema);
// Error: kDataLoss when the bytes are no schema or break its rules (names unique and not empty).
Result<LogSchema> DecodeSchema(std::span<const std::byte> bytes);

template <typename T>
T Load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
template <typename T>
void Store(std::string* out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out->append(bytes, sizeof(T));
}
inline std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

}  // namespace chorus::worker
