#include <gtest/gtest.h>

#include "tests/common/frame_testing.h"

namespace chorus {
namespace {

using testing::Decode;
using testing::Encode;
using testing::MakeFrame;
using testing::SameFrame;

constexpr uint64_t kLimit = 1 << 20;

TEST(ByteArrayTest, IsAlignedAndSlicesShareItsBytes) {
  ByteArray array = ByteArray::Allocate(1000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(array.data()) % 64, 0u);
  ByteArray slice = array.Slice(128, 72);
  EXPECT_EQ(slice.data(), array.data() + 128);
  EXPECT_EQ(slice.As<uint64_t>().size(), 9u);
  array = {};
  slice.data()[71] = std::byte{1};  // still alive: ASan watches
  EXPECT_EQ(slice.size(), 72u);
  EXPECT_EQ(ByteArray::Allocate(0).size(), 0u);
}

TEST(ErrorFrameTest, CarriesCodeAndMessage) {
  const Status status = StatusOfFrame(MakeErrorFrame(NotFound("no table 7")));
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.message(), "no table 7");
  EXPECT_TRUE(StatusOfFrame(MakeFrame({}, 1)).ok());
}

TEST(ErrorFrameTest, OfUnknownCodeOrBrokenMetaIsStillAnError) {
  Frame frame;
  frame.type = FrameType::kError;
  EXPECT_EQ(StatusOfFrame(frame).code(), Code::kInternal);  // code 0 is not an error's
  frame.meta = "\xff\xff\xff";
  EXPECT_EQ(StatusOfFrame(frame).code(), Code::kDataLoss);
}

TEST(FrameCodecTest, FramesOfEverySizeAndPartSizeComeBackEqualAndAligned) {
  const std::vector<std::vector<size_t>> shapes = {
      {}, {0}, {1}, {64}, {0, 0, 3}, {63, 64, 65}, {1000, 0, 1, 4096, 7}};
  for (const uint64_t part : {1u, 7u, 63u, 64u, 1000u, 1u << 20}) {
    for (size_t s = 0; s < shapes.size(); ++s) {
      for (const char* meta : {"", "some meta"}) {
        const Frame frame = MakeFrame(shapes[s], s, meta);
        const auto bytes = Encode({7, FrameDirection::kReply, frame}, part);
        const auto decoded = Decode(bytes, kLimit);
        ASSERT_TRUE(decoded.ok()) << decoded.status().ToString() << " part " << part;
        ASSERT_EQ(decoded->size(), 1u);
        EXPECT_EQ((*decoded)[0].request_id, 7u);
        EXPECT_EQ((*decoded)[0].direction, FrameDirection::kReply);
        EXPECT_TRUE(SameFrame((*decoded)[0].frame, frame)) << "shape " << s << " part " << part;
        for (const ByteArray& array : (*decoded)[0].frame.arrays) {
          EXPECT_EQ(reinterpret_cast<uintptr_t>(array.data()) % 64, 0u);
        }
      }
    }
  }
}

TEST(FrameCodecTest, OneStreamCarriesManyFrames) {
  std::vector<std::byte> stream;
  for (uint64_t id = 1; id <= 20; ++id) {
    const auto bytes = Encode({id, FrameDirection::kRequest, MakeFrame({id * 10, id}, id)}, 50);
    stream.insert(stream.end(), bytes.begin(), bytes.end());
  }
  const auto decoded = Decode(stream, kLimit);
  ASSERT_TRUE(decoded.ok());
  ASSERT_EQ(decoded->size(), 20u);
  for (uint64_t id = 1; id <= 20; ++id) {
    EXPECT_TRUE(SameFrame((*decoded)[id - 1].frame, MakeFrame({id * 10, id}, id)));
  }
}

TEST(FrameCodecTest, TheArraysAreSentFromWhereTheyLie) {
  const Frame frame = MakeFrame({5000}, 1);
  FrameEncoder encoder({1, FrameDirection::kRequest, frame}, kLimit);
  const auto& pieces = encoder.NextPart();
  EXPECT_EQ(pieces.back().data(), frame.arrays[0].data());
  EXPECT_EQ(pieces.back().size(), 5000u);
}

// And is nothing worse: the connection is made anew, and the call goes on.
TEST(FrameCodecTest, EveryFlippedBitIsNoticed) {
  const auto bytes = Encode({3, FrameDirection::kRequest, MakeFrame({65, 10}, 1)}, 100);
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto flipped = bytes;
      flipped[i] ^= static_cast<std::byte>(1 << bit);
      EXPECT_EQ(Decode(flipped, kLimit).status().code(), Code::kDataLoss)
          << "byte " << i << " bit " << bit;
    }
  }
}

TEST(FrameCodecTest, ATruncatedFrameIsNeverDelivered) {
  const auto bytes = Encode({3, FrameDirection::kRequest, MakeFrame({65, 10}, 1)}, 100);
  for (size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_EQ(Decode(std::span(bytes).first(size), kLimit).status().code(), Code::kUnavailable);
  }
}

TEST(FrameCodecTest, PartsOutOfOrderOrMissingAreRefused) {
  const auto bytes = Encode({3, FrameDirection::kRequest, MakeFrame({400}, 1)}, 100);
  const size_t part = kPartHeaderBytes + 100;
  auto swapped = bytes;
  std::swap_ranges(swapped.begin(), swapped.begin() + part, swapped.begin() + part);
  EXPECT_EQ(Decode(swapped, kLimit).status().code(), Code::kDataLoss);
  EXPECT_EQ(Decode(std::span(bytes).subspan(part), kLimit).status().code(), Code::kDataLoss);
  auto other = Encode({4, FrameDirection::kRequest, MakeFrame({400}, 1)}, 100);
  std::copy(bytes.begin(), bytes.begin() + part, other.begin());  // first part of 3, rest of 4
  EXPECT_EQ(Decode(other, kLimit).status().code(), Code::kDataLoss);
}

TEST(FrameCodecTest, AFrameAboveTheLimitIsRefusedByItsHeader) {
  const auto bytes = Encode({3, FrameDirection::kRequest, MakeFrame({kLimit}, 1)}, kLimit);
  FrameAssembler assembler(kLimit);  // body = array + table + meta > limit
  const auto place = assembler.BeginPart(std::span(bytes).first<kPartHeaderBytes>());
  EXPECT_EQ(place.status().code(), Code::kResourceExhausted);
  EXPECT_TRUE(Decode(bytes, 2 * kLimit).ok());
}

}  // namespace
}  // namespace chorus
