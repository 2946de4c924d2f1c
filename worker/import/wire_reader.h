#pragma once
// The fields of a protobuf message, one after the other, without a copy and without its classes.
// Thread safety: none.

#include <cstdint>
#include <cstring>
#include <string_view>

namespace chorus::worker {

class WireReader {
 public:
  enum class Type : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  explicit WireReader(std::string_view message) : rest_(message) {}

  // Goes to the next field; false at the end, or where the message is damaged.
  bool Next() {
    uint64_t tag = 0;
    if (rest_.empty() || !good_) return false;
    good_ = Varint(&tag) && (tag >> 3) != 0 && TakeValue(static_cast<Type>(tag & 7));
    field_ = tag >> 3;
    return good_;
  }
  uint64_t field() const { return field_; }
  Type type() const { return type_; }
  bool is(uint64_t field, Type type) const { return field_ == field && type_ == type; }
  // The value of a kVarint, or the bits of a fixed one.
  uint64_t number() const { return number_; }
  std::string_view bytes() const { return bytes_; }  // of a kBytes
  bool good() const { return good_; }  // false: what was read is not all, since the rest is damaged

  // For packed numbers, which follow one another in a field's bytes.
  bool empty() const { return rest_.empty(); }
  bool Varint(uint64_t* out) {
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return false;
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        *out = value;
        return true;
      }
    }
    return false;
  }

 private:
  bool TakeValue(Type type) {
    type_ = type;
    switch (type) {
      case Type::kVarint:
        return Varint(&number_);
      case Type::kFixed64:
        return Take(8) && Bits<uint64_t>();
      case Type::kFixed32:
        return Take(4) && Bits<uint32_t>();
      case Type::kBytes: {
        uint64_t size = 0;
        return Varint(&size) && Take(size);
      }
    }
    return false;  // groups, which nobody writes any more, and unknown types
  }
  bool Take(uint64_t bytes) {
    if (bytes > rest_.size()) return false;
    bytes_ = rest_.substr(0, static_cast<size_t>(bytes));
    rest_.remove_prefix(static_cast<size_t>(bytes));
    return true;
  }
  template <typename T>
  bool Bits() {
    T value = 0;
    std::memcpy(&value, bytes_.data(), sizeof(value));
    number_ = value;
    return true;
  }

  std::string_view rest_;
  bool good_ = true;
  uint64_t field_ = 0;
  Type type_ = Type::kVarint;
  uint64_t number_ = 0;
  std::string_view bytes_;
};

}  // namespace chorus::worker
