#pragma once
// Frames as bytes of a stream (README.md, "Frames"). A frame's body (sizes of the arrays, meta,
// arrays at multiples of 64) is cut into parts; each part is a 64-byte header and a piece of the
// body. The sender passes the arrays to the socket without copying them; the receiver reads each
// piece to its place in one buffer, of which the frame's arrays are slices. The parts of one frame
// follow each other: a connection never has more than one half-received frame.
// Thread safety: none; a codec object belongs to one thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/frame.h"
#include "common/status.h"

namespace chorus {

inline constexpr uint32_t kWireMagic = 0x53524843;  // "CHRS"
inline constexpr uint16_t kWireVersion = 1;
inline constexpr size_t kPartHeaderBytes = 64;
inline constexpr uint32_t kMaxArrays = 1 << 20;  // of a frame

enum class FrameDirection : uint16_t { kRequest = 0, kReply = 1 };

// A frame with its place in the conversation: replies carry the id of their request.
struct Envelope {
  uint64_t request_id = 0;
  FrameDirection direction = FrameDirection::kRequest;
  Frame frame;
};

// Whether parts carry checksums. On a connection whose bytes are sealed checksums would find nothing more: there they
// are 0.
enum class Checksums { kXxh3, kNone };

// Bytes of the frame's body on the wire, without part headers.
uint64_t FrameBytes(const Frame& frame);

class FrameEncoder {
 public:
  // REQUIRES: max_part_bytes > 0; at most kMaxArrays arrays, meta below 4 GiB.
  FrameEncoder(Envelope envelope, uint64_t max_part_bytes, Checksums checksums = Checksums::kXxh3);
  FrameEncoder(const FrameEncoder&) = delete;
  FrameEncoder& operator=(const FrameEncoder&) = delete;

  uint64_t frame_bytes() const { return frame_bytes_; }
  bool done() const { return started_ && offset_ == frame_bytes_; }
  // Header and pieces of the next part, in order; valid until the next call or the end of this
  // object. REQUIRES: !done().
  const std::vector<std::span<const std::byte>>& NextPart();

 private:
  void WriteHeader(uint64_t part_bytes, uint64_t payload_checksum);

  const Envelope envelope_;
  const uint64_t max_part_bytes_;
  const Checksums checksums_;
  ByteArray head_;                                // the table of sizes and the meta
  std::vector<std::span<const std::byte>> body_;  // head, then padding and bytes of each array
  std::vector<std::span<const std::byte>> part_;  // what NextPart returned
  std::array<std::byte, kPartHeaderBytes> header_{};
  uint64_t frame_bytes_ = 0;
  uint64_t offset_ = 0;  // of the next part in the body
  size_t piece_ = 0;     // the piece of body_ that offset_ is in,
  size_t in_piece_ = 0;  // and where in the piece
  bool started_ = false;
};

class FrameAssembler {
 public:
  explicit FrameAssembler(uint64_t max_frame_bytes, Checksums checksums = Checksums::kXxh3)
      : max_frame_bytes_(max_frame_bytes), checksums_(checksums) {}

  // Checks a part's header and returns the memory where the part's bytes belong, which may be
  // empty.
  // Errors: kDataLoss (magic, checksum, structure), kFailedPrecondition (version),
  // kResourceExhausted (a frame above max_frame_bytes, refused before anything is allocated). After
  // an error the stream is of no more use.
  Result<std::span<std::byte>> BeginPart(std::span<const std::byte, kPartHeaderBytes> header);
  // Checks the part's bytes, which the caller has put there. True: the frame is whole, and Take
  // returns it. Error: kDataLoss.
  Result<bool> FinishPart();
  Envelope Take();

 private:
  Status Disassemble();  // body -> frame

  const uint64_t max_frame_bytes_;
  const Checksums checksums_;
  Envelope envelope_;
  ByteArray body_;
  uint64_t frame_bytes_ = 0;
  uint64_t received_ = 0;  // bytes of the body that are there and checked
  uint32_t meta_bytes_ = 0;
  uint32_t array_count_ = 0;
  bool within_frame_ = false;
  std::span<std::byte> part_;
  uint64_t part_checksum_ = 0;
};

}  // namespace chorus
