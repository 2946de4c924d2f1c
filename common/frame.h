#pragma once
// One message between a worker and a server: a type, a small protobuf meta and raw little-endian
// arrays. README.md beside this file gives the bytes on the wire. A large frame travels in parts,
// and is delivered whole or not at all.
// Thread safety: values; the bytes of arrays are shared, and read-only once they are sent.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/status.h"

namespace chorus {

// Bytes with shared ownership, aligned to 64. Whoever makes an array fills it; from then on it is
// only read.
class ByteArray {
 public:
  ByteArray() = default;
  static ByteArray Allocate(size_t bytes);  // uninitialised

  size_t size() const { return size_; }
  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  // The bytes as values of T. REQUIRES: the size is a multiple of sizeof(T); arrays of a peer's
  // frame are checked first.
  template <typename T>
  std::span<T> As() {
    CHECK(size_ % sizeof(T) == 0, "size=", size_);
    return {reinterpret_cast<T*>(data_), size_ / sizeof(T)};
  }
  template <typename T>
  std::span<const T> As() const {
    CHECK(size_ % sizeof(T) == 0, "size=", size_);
    return {reinterpret_cast<const T*>(data_), size_ / sizeof(T)};
  }
  // Bytes [offset, offset + size) of this array, whose ownership is shared. REQUIRES: offset % 64
  // == 0.
  ByteArray Slice(size_t offset, size_t size) const;

 private:
  std::shared_ptr<std::byte> owner_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// The numbers travel: never reuse one.
enum class FrameType : uint16_t {
  kError = 2,  // meta: wire.proto ErrorMeta
  kStep = 3,   // worker -> server: gradients of a past step and keys of a coming one
  kStepReply = 4,
  kRead = 5,  // worker -> server: rows without creating any (evaluation, prediction, export)
  kReadReply = 6,
  kControl = 7,  // restores, state of a snapshot; meta: wire.proto ControlMeta
  kControlReply = 8,
};

struct Frame {
  FrameType type = FrameType::kError;
  std::string meta;  // serialised protobuf of wire.proto, or empty
  std::vector<ByteArray> arrays;

  size_t payload_bytes() const;  // meta and arrays
};

Frame MakeErrorFrame(const Status& status);
// The error that a kError frame carries; OK for every other type.
Status StatusOfFrame(const Frame& frame);

}  // namespace chorus
