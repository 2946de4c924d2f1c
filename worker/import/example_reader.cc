#include "worker/import/example_reader.h"

#include <bit>
#include <cstring>

namespace chorus::worker {
namespace {

using Type = WireReader::Type;

float FloatOf(uint64_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits)); }

bool ReadBytes(std::string_view list, FeatureValues* out) {
  WireReader values(list);
  while (values.Next()) {
    if (values.is(1, Type::kBytes)) out->AddBytes(values.bytes());
  }
  return values.good();
}

// Numbers are packed, or each has a field of its own.
bool ReadFloats(std::string_view list, FeatureValues* out) {
  WireReader values(list);
  while (values.Next()) {
    if (values.is(1, Type::kFixed32)) out->AddFloat(FloatOf(values.number()));
    if (!values.is(1, Type::kBytes)) continue;
    const std::string_view packed = values.bytes();
    if (packed.size() % sizeof(float) != 0) return false;
    for (size_t i = 0; i < packed.size(); i += sizeof(float)) {
      float value = 0;
      std::memcpy(&value, packed.data() + i, sizeof(value));
      out->AddFloat(value);
    }
  }
  return values.good();
}

bool ReadIntegers(std::string_view list, FeatureValues* out) {
  WireReader values(list);
  while (values.Next()) {
    if (values.is(1, Type::kVarint)) out->AddInteger(static_cast<int64_t>(values.number()));
    if (!values.is(1, Type::kBytes)) continue;
    WireReader packed(values.bytes());
    uint64_t value = 0;
    while (!packed.empty()) {
      if (!packed.Varint(&value)) return false;
      out->AddInteger(static_cast<int64_t>(value));
    }
  }
  return values.good();
}

bool ReadOne(std::string_view feature, FeatureValues* out) {
  WireReader kinds(feature);
  while (kinds.Next()) {
    if (kinds.type() != Type::kBytes || kinds.field() > 3) continue;
    if (kinds.bytes().empty()) continue;  // of whatever kind: there is no value
    const auto kind = static_cast<FeatureKind>(kinds.field());
    if (!out->Begin(kind)) return false;
    const bool read = kind == FeatureKind::kBytes    ? ReadBytes(kinds.bytes(), out)
                      : kind == FeatureKind::kFloats ? ReadFloats(kinds.bytes(), out)
                                                     : ReadIntegers(kinds.bytes(), out);
    if (!read) return false;
  }
  return kinds.good();
}

}  // namespace

std::string_view NameOf(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::kBytes:
      return "bytes_list";
    case FeatureKind::kFloats:
      return "float_list";
    case FeatureKind::kIntegers:
      return "int64_list";
    case FeatureKind::kNone:
      break;
  }
  return "no list";
}

bool ReadFeature(const RawFeature& feature, FeatureValues* out) {
  if (!feature.is_sequence) return ReadOne(feature.bytes, out);
  WireReader steps(feature.bytes);
  while (steps.Next()) {
    if (steps.is(1, Type::kBytes) && !ReadOne(steps.bytes(), out)) return false;
  }
  return steps.good();
}

}  // namespace chorus::worker
