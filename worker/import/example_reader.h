#pragma once
// The features of tf.Example and tf.SequenceExample, one after the other. On the wire the second is
// the first with feature lists beside its features, so that one reader takes both:
//
//   Example         { Features features = 1; }
//   SequenceExample { Features context = 1; FeatureLists feature_lists = 2; }
//   Features        { map<string, Feature> feature = 1; }
//   FeatureLists    { map<string, FeatureList> feature_list = 1; }
//   FeatureList     { repeated Feature feature = 1; }
//   Feature         { oneof { BytesList bytes_list = 1; FloatList float_list = 2;
//                             Int64List int64_list = 3; } }      lists: repeated value = 1
//
// Thread safety: pure functions.

#include <cstdint>
#include <functional>
#include <string_view>

#include "common/status.h"
#include "worker/import/wire_reader.h"

namespace chorus::worker {

// A feature that is not read yet.
struct RawFeature {
  std::string_view name = {};
  std::string_view bytes = {};  // a Feature, or a FeatureList
  bool is_sequence = false;
};

// Calls visit(RawFeature) -> Status for each.  Errors: kInvalidArgument, the record is no Example;
// what `visit` returns.
template <typename Visit>
Status ForEachFeature(std::string_view record, const Visit& visit);

enum class FeatureKind : uint8_t { kNone, kBytes, kFloats, kIntegers };
std::string_view NameOf(FeatureKind kind);  // as tf.train names it: "int64_list"

// Takes the values of features.
class FeatureValues {
 public:
  virtual ~FeatureValues() = default;
  // Tells the kind of the values that come; false: they are not wanted.
  virtual bool Begin(FeatureKind kind) = 0;
  virtual void AddBytes(std::string_view value) = 0;
  virtual void AddFloat(float value) = 0;
  virtual void AddInteger(int64_t value) = 0;
};

// Gives the values of a feature, those of all its steps if it is a sequence. False: it is
// malformed, or its values were not wanted.
bool ReadFeature(const RawFeature& feature, FeatureValues* out);

// ------------------------------------------------------------------------------ implementation

namespace internal {
// Field 1 of each entry is the name, field 2 the rest.
template <typename Visit>
Status ForEachEntry(std::string_view map, bool is_sequence, const Visit& visit) {
  using Type = WireReader::Type;
  WireReader entries(map);
  while (entries.Next()) {
    if (!entries.is(1, Type::kBytes)) continue;
    RawFeature feature = {.is_sequence = is_sequence};
    WireReader entry(entries.bytes());
    while (entry.Next()) {
      if (entry.is(1, Type::kBytes)) feature.name = entry.bytes();
      if (entry.is(2, Type::kBytes)) feature.bytes = entry.bytes();
    }
    if (!entry.good()) return InvalidArgument("the record is no tf.Example: an entry is cut off");
    RETURN_IF_ERROR(visit(feature));
  }
  return entries.good() ? Status::Ok()
                        : InvalidArgument("the record is no tf.Example: its features are cut off");
}
}  // namespace internal

template <typename Visit>
Status ForEachFeature(std::string_view record, const Visit& visit) {
  WireReader example(record);
  while (example.Next()) {
    const bool is_sequence = example.is(2, WireReader::Type::kBytes);
    if (!is_sequence && !example.is(1, WireReader::Type::kBytes)) {
      return InvalidArgument("the record is no tf.Example: it has a field that these have not");
    }
    RETURN_IF_ERROR(internal::ForEachEntry(example.bytes(), is_sequence, visit));
  }
  return example.good() ? Status::Ok() : InvalidArgument("the record is no tf.Example");
}

}  // namespace chorus::worker
