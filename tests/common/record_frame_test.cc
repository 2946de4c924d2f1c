#include "common/record_frame.h"

#include <gtest/gtest.h>

namespace chorus {
namespace {

// The check value of the catalogue of CRCs, and those of RFC 3720 B.4.
TEST(Crc32cTest, HasTheValuesOfTheStandards) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(""), 0u);
}

// Bit by bit, for lengths around those of words.
TEST(Crc32cTest, IsThatOfPlainLoops) {
  std::string bytes;
  for (int n = 0; n < 40; ++n) {
    uint32_t crc = ~0u;
    for (const char c : bytes) {
      crc ^= static_cast<uint8_t>(c);
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    }
    EXPECT_EQ(Crc32c(bytes), ~crc) << n;
    bytes.push_back(static_cast<char>(37 * n + 11));
  }
}

TEST(RecordFrameTest, ARecordHasLengthAndChecksumsAroundIt) {
  const std::string framed = FramedRecord("abc");
  ASSERT_EQ(framed.size(), kRecordHead + 3 + kRecordTail);
  EXPECT_EQ(LittleEndian<uint64_t>(framed), 3u);
  EXPECT_EQ(LittleEndian<uint32_t>(std::string_view(framed).substr(8)),
            MaskedCrc32c(std::string_view(framed).substr(0, 8)));
  EXPECT_EQ(framed.substr(kRecordHead, 3), "abc");
  EXPECT_EQ(LittleEndian<uint32_t>(std::string_view(framed).substr(kRecordHead + 3)),
            MaskedCrc32c("abc"));
  EXPECT_TRUE(BeginsRecord(framed));
  EXPECT_FALSE(BeginsRecord(std::string(framed.size(), 'a')));
  EXPECT_FALSE(BeginsRecord(framed.substr(0, kRecordHead - 1)));
}

}  // namespace
}  // namespace chorus
