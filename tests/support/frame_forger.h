#pragma once
// An attacker on a connection who knows frames (common/README.md). Where he can read their headers,
// he alters the last array of parts and mends both checksums, so that nobody finds out; where he
// cannot, he alters some bytes all the same.
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace chorus::testing {

class FrameForger {
 public:
  // Forges every `every`th part (of those with arrays, where they can be told), or every `every`th
  // piece that cannot be read, of which the first is the handshake of TLS.
  explicit FrameForger(uint64_t every) : every_(every) {}

  // What the forger sends on for these bytes of the stream: nothing yet of a part that has not come
  // whole.
  std::vector<std::byte> Pass(std::span<const std::byte> bytes);
  uint64_t forged() const { return forged_; }

 private:
  bool PassPart(std::vector<std::byte>* out);

  const uint64_t every_;
  uint64_t seen_ = 0;
  uint64_t forged_ = 0;
  bool unreadable_ = false;
  std::vector<std::byte> held_;
  size_t skip_ = 80;  // hello and proof, or hello and verdict
};

}  // namespace chorus::testing
