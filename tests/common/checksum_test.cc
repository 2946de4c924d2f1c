#include "common/checksum_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "common/file.h"

namespace chorus {
namespace {

std::vector<std::byte> KnownBytes(size_t size) {
  std::vector<std::byte> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 + i / 256 * 7);
  return bytes;
}

// By xxHash's portable code: files and frames that one CPU wrote are read on others.
TEST(ChecksumTest, IsTheSameOnEveryCpu) {
  const std::vector<std::pair<size_t, uint64_t>> known = {
      {1, 0xc44bdff4074eecdbULL},      {16, 0xf9fbd0260ba978dfULL},
      {17, 0xc56f339d36cc73d7ULL},     {240, 0xe315d53d5129eedeULL},
      {241, 0x18773c512b008a63ULL},    {1024, 0xb2ac1d11fd7b209bULL},
      {1025, 0xc7fd981796d2137aULL},   {65536, 0xcebb33ee246064e6ULL},
      {1000000, 0x7d7fb8297d3a8ae8ULL}};
  for (const auto& [size, checksum] : known) {
    EXPECT_EQ(Checksum(KnownBytes(size)), checksum) << "size " << size;
  }
}

TEST(ChecksumTest, OfPiecesIsThatOfTheWhole) {
  const std::vector<std::byte> bytes = KnownBytes(10000);
  for (const size_t piece : {1u, 63u, 64u, 1000u, 9999u}) {
    ChecksumStream stream;
    for (std::span<const std::byte> left(bytes); !left.empty();) {
      const auto next = left.first(std::min(piece, left.size()));
      stream.Add(next);
      left = left.subspan(next.size());
    }
    EXPECT_EQ(stream.value(), Checksum(bytes)) << "pieces of " << piece;
  }
  EXPECT_EQ(ChecksumStream().value(), Checksum(std::span<const std::byte>()));
}

}  // namespace
}  // namespace chorus
