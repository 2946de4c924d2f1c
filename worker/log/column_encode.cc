// The writing half of column_codec.h.
#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "common/check.h"
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

// Memory that a thread uses for one dictionary after the other.
template <typename T>
struct DictionaryMemory {
  Dictionary<T> dictionary;
  std::vector<uint32_t> entries;
};

// Null when there are more than `limit` distinct values: a dictionary would not be smaller. Else
// valid until the next call of the thread.
template <typename T>
const Dictionary<T>* MakeDictionary(std::span<const T> values, uint64_t limit) {
  thread_local DictionaryMemory<T> memory;
  std::vector<T>& distinct = memory.dictionary.values;
  // One more than fits, so that it is written before it is counted.
  distinct.resize(std::min<uint64_t>(limit, values.size()) + 1);
  memory.dictionary.indices.resize(values.size());
  // A hash set by open addressing, at most half full. An entry is an index into the distinct values
  // plus one; 0 is a free entry. The place of a value changes no byte.
  const int bits = static_cast<int>(std::bit_width(2 * std::max<uint64_t>(values.size(), 1) - 1));
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  memory.entries.assign(mask + 1, 0);
  uint32_t* const entries = memory.entries.data();
  uint32_t count = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    constexpr uint64_t kGoldenRatio = 0x9e3779b97f4a7c15ULL;
    uint64_t at = (values[i] * kGoldenRatio) >> (64 - bits);
    while (entries[at] != 0 && distinct[entries[at] - 1] != values[i]) at = (at + 1) & mask;
    if (entries[at] == 0) {
      if (count == limit) return nullptr;
      distinct[count] = values[i];
      entries[at] = ++count;
    }
    memory.dictionary.indices[i] = entries[at] - 1;
  }
  distinct.resize(count);
  return &memory.dictionary;
}

// The width, 1, 2 or 4, that holds `largest`.
int WidthOf(uint64_t largest) { return largest < (1u << 8) ? 1 : largest < (1u << 16) ? 2 : 4; }

template <typename Width, typename T, typename ValueOf>
void AppendAs(std::span<const T> values, const ValueOf& value_of, std::string* out) {
  const size_t begin = out->size();
  out->resize(begin + values.size() * sizeof(Width));
  char* at = out->data() + begin;
  for (size_t i = 0; i < values.size(); ++i, at += sizeof(Width)) {
    const Width value = static_cast<Width>(value_of(i));
    std::memcpy(at, &value, sizeof(value));
  }
}

// value_of(i) of each of `values`, in `width` bytes.
template <typename T, typename ValueOf>
void AppendWithWidth(std::span<const T> values, int width, const ValueOf& value_of,
                     std::string* out) {
  switch (width) {
    case 1:
      return AppendAs<uint8_t>(values, value_of, out);
    case 2:
      return AppendAs<uint16_t>(values, value_of, out);
    default:
      return AppendAs<uint32_t>(values, value_of, out);
  }
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
  AppendWithWidth(
      values.subspan(1), width, [&](size_t i) { return values[i + 1] - values[i]; }, &column.bytes);
  return column;
}

// A dictionary, if it takes fewer than `limit_bytes`.
template <typename T>
std::optional<EncodedColumn> EncodeDictionary(std::span<const T> values, uint64_t limit_bytes) {
  const Dictionary<T>* const dictionary = MakeDictionary(values, (limit_bytes - 1) / sizeof(T));
  if (dictionary == nullptr || dictionary->values.empty()) return std::nullopt;
  const int width = WidthOf(dictionary->values.size() - 1);
  if (dictionary->values.size() * sizeof(T) + values.size() * width >= limit_bytes) {
    return std::nullopt;
  }
  EncodedColumn column;
  column.encoding = OfWidth(Encoding::kDictionary8, width);
  column.dictionary = static_cast<uint32_t>(dictionary->values.size());
  AppendAll(std::span<const T>(dictionary->values), &column.bytes);
  const std::vector<uint32_t>& indices = dictionary->indices;
  AppendWithWidth(
      std::span<const uint32_t>(indices), width, [&](size_t i) { return indices[i]; },
      &column.bytes);
  return column;
}

template <typename T>
EncodedColumn EncodeSmallest(std::span<const T> values, bool rising_allowed) {
  if (values.empty()) return {};
  EncodedColumn best;
  uint64_t bytes = values.size_bytes();  // of the best one; as they are, if there is none
  bool rises = false;
  if (rising_allowed) {
    std::optional<EncodedColumn> rising = EncodeRising(values);
    if (rising.has_value() && rising->bytes.size() < bytes) {
      best = *std::move(rising);
      bytes = best.bytes.size();
      rises = true;
    }
  }
  std::optional<EncodedColumn> dictionary = EncodeDictionary(values, bytes);
  if (dictionary.has_value()) return *std::move(dictionary);
  return rises ? best : EncodePlain(values);
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
