#include "worker/import/example_writer.h"

#include "common/record_frame.h"

namespace chorus::worker {
namespace {

// Fields of tensorflow/core/example/{example,feature}.proto.
constexpr uint32_t kExampleFeatures = 1;                              // of Example
constexpr uint32_t kMapEntry = 1;                                     // of Features: a map
constexpr uint32_t kMapName = 1, kMapValue = 2;                       // of an entry
constexpr uint32_t kBytesList = 1, kFloatList = 2, kIntegerList = 3;  // of Feature
constexpr uint32_t kValueOfList = 1;  // of each list; numbers are packed

void PutVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

// A field of bytes, of a message, or of packed numbers.
void PutField(uint32_t number, std::string_view bytes, std::string* out) {
  constexpr uint32_t kLengthDelimited = 2;
  PutVarint(number << 3 | kLengthDelimited, out);
  PutVarint(bytes.size(), out);
  out->append(bytes);
}

}  // namespace

void ExampleWriter::AddIntegers(std::string_view name, std::span<const int64_t> values) {
  list_.clear();
  for (const int64_t value : values) PutVarint(static_cast<uint64_t>(value), &list_);
  feature_.clear();
  PutField(kValueOfList, list_, &feature_);
  AddFeature(name, kIntegerList, feature_);
}

void ExampleWriter::AddFloats(std::string_view name, std::span<const float> values) {
  feature_.clear();
  PutField(kValueOfList, {reinterpret_cast<const char*>(values.data()), values.size_bytes()},
           &feature_);
  AddFeature(name, kFloatList, feature_);
}

void ExampleWriter::AddBytes(std::string_view name, std::string_view value) {
  feature_.clear();
  PutField(kValueOfList, value, &feature_);
  AddFeature(name, kBytesList, feature_);
}

void ExampleWriter::AddFeature(std::string_view name, uint32_t kind, std::string_view list) {
  entry_.clear();
  PutField(kMapName, name, &entry_);
  std::string feature;
  PutField(kind, list, &feature);
  PutField(kMapValue, feature, &entry_);
  PutField(kMapEntry, entry_, &features_);
}

void ExampleWriter::Finish(std::string* out) {
  std::string example;
  PutField(kExampleFeatures, features_, &example);
  out->append(FramedRecord(example));
  features_.clear();
}

}  // namespace chorus::worker
