#pragma once
// The XXH3-64 of bytes that come in pieces. It equals Checksum (file.h) of all of them together.
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace chorus {

class ChecksumStream {
 public:
  ChecksumStream();
  ~ChecksumStream();
  ChecksumStream(ChecksumStream&&) noexcept;
  ChecksumStream& operator=(ChecksumStream&&) noexcept;

  void Add(std::span<const std::byte> data);
  uint64_t value() const;  // of everything added so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chorus
