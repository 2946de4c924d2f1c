// The worked example of common/README.md, to the byte.

#include <gtest/gtest.h>

#include <cstdio>

#include "common/file.h"
#include "tests/common/frame_testing.h"

namespace chorus {
namespace {

std::string Hex(std::span<const std::byte> bytes) {
  std::string text;
  char buffer[8];
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % 16 == 0) text += "\n";
    std::snprintf(buffer, sizeof(buffer), i % 16 == 0 ? "%02x" : " %02x",
                  static_cast<unsigned>(bytes[i]));
    text += buffer;
  }
  return text;
}

TEST(FrameExampleTest, TheReadmeShowsTheBytesThatAreSent) {
  Frame frame;
  frame.type = FrameType::kStep;
  frame.meta = "hi";
  frame.arrays.push_back(testing::BytesOf(std::vector<uint64_t>{1, 2}));
  const std::string hex = Hex(testing::Encode({5, FrameDirection::kRequest, frame}, 1 << 20));
  const auto readme =
      ReadWholeFile(PosixFiles(), std::string(CHORUS_SOURCE_DIR) + "/common/README.md");
  ASSERT_TRUE(readme.ok());
  EXPECT_NE(readme->find(hex), std::string::npos) << hex;
}

}  // namespace
}  // namespace chorus
