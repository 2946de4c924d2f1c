// The writing half of column_codec.h.
#include <algorithm>
#include <bit>
#include <limits>

#include "common/check.h"
#include "common/key.h"
#include "worker/log/column_codec.h"
#include "worker/log/format.h"

namespace chorus::worker {
namespace {

template <typename T>
void AppendAll(std::span<const T> values, std::string* out) {
  out->append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

// Distinct values in order of first use, and each value's place among them.
template <typename T>
struct Dictionary {
  std::vector<T> values;
  std::vector<uint32_t> indices;
};

// Nothing when there are more than `limit` distinct values: a dictionary would not be smaller.
template <typename T>
std::optional<Dictionary<T>> MakeDictionary(std::span<const T> values, uint64_t limit) {
  Dictionary<T> dictionary;
  dictionary.indices.resize(values.size());
  // A hash set by open addressing, at most half full. An entry is an index into dictionary.values
  // plus one; 0 is a free entry.
  const uint64_t mask = std::bit_ceil(2 * std::max<uint64_t>(values.size(), 1)) - 1;
  std::vector<uint32_t> entries(mask + 1, 0);
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t at = Mix(values[i]) & mask;
    while (entries[at] != 0 && dictionary.values[entries[at] - 1] != values[i]) {
      at = (at + 1) & mask;
    }
    if (entries[at] == 0) {
      if (dictionary.values.size() == limit) return std::nullopt;
      dictionary.values.push_back(values[i]);
      entries[at] = static_cast<uint32_t>(dictionary.values.size());
    }
    dictionary.indices[i] = entries[at] - 1;
  }
  return dictionary;
}

// The width, 1, 2 or 4, that holds `largest`.
int WidthOf(uint64_t largest) { return largest < (1u << 8) ? 1 : largest < (1u << 16) ? 2 : 4; }

void AppendWithWidth(uint64_t value, int width, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), static_cast<size_t>(width));
}

Encoding OfWidth(Encoding narrowest, int width) {
  return static_cast<Encoding>(static_cast<int>(narrowest) + (width == 1 ? 0 : width == 2 ? 1 : 2));
}

template <typename T>
EncodedColumn EncodePlain(std::span<const T> values) {
  EncodedColumn column;
  AppendAll(values, &column.bytes);
  return column;
}

// A sequence or differences, if the values never fall and no step passes 32 bits.
template <typename T>
std::optional<EncodedColumn> EncodeRising(std::span<const T> values) {
  uint64_t largest = 0;
  bool all_ones = true;
  for (size_t i = 1; i < values.size(); ++i) {
    if (values[i] < values[i - 1]) return std::nullopt;
    const uint64_t step = values[i] - values[i - 1];
    largest = std::max(largest, step);
    all_ones &= step == 1;
  }
  if (largest > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  EncodedColumn column;
  Store<T>(&column.bytes, values[0]);
  column.encoding = Encoding::kSequence;
  if (all_ones) return column;
  const int width = WidthOf(largest);
  column.encoding = OfWidth(Encoding::kDelta8, width);
  for (size_t i = 1; i < values.size(); ++i) {
    AppendWithWidth(values[i] - values[i - 1], width, &column.bytes);
  }
  return column;
}

// A dictionary, if it takes fewer than `limit_bytes`.
template <typename T>
std::optional<EncodedColumn> EncodeDictionary(std::span<const T> values, uint64_t limit_bytes) {
  const std::optional<Dictionary<T>> dictionary =
      MakeDictionary(values, (limit_bytes - 1) / sizeof(T));
  if (!dictionary.has_value() || dictionary->values.empty()) return std::nullopt;
  const int width = WidthOf(dictionary->values.size() - 1);
  if (dictionary->values.size() * sizeof(T) + values.size() * width >= limit_bytes) {
    return std::nullopt;
  }
  EncodedColumn column;
  column.encoding = OfWidth(Encoding::kDictionary8, width);
  column.dictionary = static_cast<uint32_t>(dictionary->values.size());
  AppendAll(std::span<const T>(dictionary->values), &column.bytes);
  for (const uint32_t index : dictionary->indices) AppendWithWidth(index, width, &column.bytes);
  return column;
}

template <typename T>
EncodedColumn EncodeSmallest(std::span<const T> values, bool rising_allowed) {
  if (values.empty()) return {};
  EncodedColumn best = EncodePlain(values);
  if (rising_allowed) {
    std::optional<EncodedColumn> rising = EncodeRising(values);
    if (rising.has_value() && rising->bytes.size() < best.bytes.size()) best = *std::move(rising);
  }
  std::optional<EncodedColumn> dictionary = EncodeDictionary(values, best.bytes.size());
  if (dictionary.has_value()) best = *std::move(dictionary);
  return best;
}

}  // namespace

EncodedColumn EncodeIntegers(std::span<const uint32_t> values) {
  return EncodeSmallest(values, true);
}
EncodedColumn EncodeIntegers(std::span<const uint64_t> values) {
  return EncodeSmallest(values, true);
}

EncodedColumn EncodeFloats(std::span<const float> values) {
  // By bits: -0 and 0, or two NaNs, stay what they are.
  std::vector<uint32_t> bits(values.size());
  if (!values.empty()) std::memcpy(bits.data(), values.data(), values.size_bytes());
  return EncodeSmallest(std::span<const uint32_t>(bits), false);
}

EncodedColumn EncodeBits(std::span<const uint8_t> values) {
  EncodedColumn column;
  column.encoding = Encoding::kBits;
  column.bytes.assign((values.size() + 7) / 8, '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    CHECK(values[i] <= 1, "label ", values[i], " of row ", i);
    column.bytes[i / 8] = static_cast<char>(column.bytes[i / 8] | (values[i] << (i % 8)));
  }
  return column;
}

}  // namespace chorus::worker
