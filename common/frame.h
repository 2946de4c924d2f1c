#pragma once
// One message between a worker and a server: a type, a small protobuf meta and raw little-endian
// arrays. On the wire (README.md beside this file gives the bytes): fixed header, meta, arrays,
// checksum; a frame above the part size is cut into parts and is delivered whole or not at all.
// Thread safety: values; the arrays' bytes are shared and read-only once sent.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/status.h"

namespace chorus {

// Bytes with shared ownership, aligned to 64: made once, filled by its maker, then only read.
class ByteArray {
 public:
  ByteArray() = default;
  static ByteArray Allocate(size_t bytes);  // uninitialised
  static ByteArray CopyOf(std::span<const std::byte> bytes);
  template <typename T>
  static ByteArray CopyOfVector(const std::vector<T>& values) {
    return CopyOf(std::as_bytes(std::span<const T>(values)));
  }

  size_t size() const { return size_; }
  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  // The bytes as values of T. REQUIRES: size is a multiple of sizeof(T) (check frames from peers
  // first).
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
  // Bytes [offset, offset + size) of this array, sharing its ownership. REQUIRES: offset % 64 == 0.
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
  kControl = 7,  // restore, statistics, how snapshots stand; meta: wire.proto ControlMeta
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
