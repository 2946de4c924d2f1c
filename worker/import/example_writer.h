#pragma once
// Writes records of tf.Example, feature by feature: the mirror of example_reader.h and
// record_reader.h. Thread safety: none.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace chorus::worker {

class ExampleWriter {
 public:
  // Add a feature to the next example, each name once. A list may be empty; its kind is written.
  void AddIntegers(std::string_view name, std::span<const int64_t> values);
  void AddFloats(std::string_view name, std::span<const float> values);
  void AddBytes(std::string_view name, std::string_view value);  // a list of one

  // Appends the example with its lengths and checksums, and begins another one.
  void Finish(std::string* out);

 private:
  void AddFeature(std::string_view name, uint32_t kind, std::string_view list);

  std::string features_;
  std::string list_, feature_, entry_;  // memory that is used again
};

}  // namespace chorus::worker
