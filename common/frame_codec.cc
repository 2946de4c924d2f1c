#include "common/frame_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "common/checksum_stream.h"
#include "common/file.h"

namespace chorus {
namespace {

static_assert(std::endian::native == std::endian::little,
              "headers are copied as they lie in memory");

// The header's bytes: little-endian, no gaps.
struct PartHeader {
  uint32_t magic;
  uint16_t version;
  uint16_t type;
  uint64_t request_id;
  uint32_t meta_bytes;
  uint32_t array_count;
  uint64_t frame_bytes;  // of the whole body
  uint64_t offset;       // of this part in the body
  uint32_t part_bytes;
  uint16_t direction;
  uint16_t reserved;          // 0
  uint64_t payload_checksum;  // XXH3-64 of the part's bytes, or 0
  uint64_t header_checksum;   // XXH3-64 of the 56 bytes above, or 0
};
static_assert(sizeof(PartHeader) == kPartHeaderBytes);
constexpr size_t kCheckedHeaderBytes = 56;

constexpr std::byte kZeros[64] = {};

uint64_t AlignUp(uint64_t offset) { return (offset + 63) / 64 * 64; }

uint64_t HashPieces(std::span<const std::span<const std::byte>> pieces, Checksums checksums) {
  if (checksums == Checksums::kNone) return 0;
  if (pieces.size() == 1) return Checksum(pieces[0]);
  ChecksumStream sum;
  for (const auto& piece : pieces) sum.Add(piece);
  return sum.value();
}

uint64_t HashHeader(const void* header, Checksums checksums) {
  if (checksums == Checksums::kNone) return 0;
  return Checksum(std::span(static_cast<const std::byte*>(header), kCheckedHeaderBytes));
}

ByteArray MakeHead(const Frame& frame) {
  const size_t table_bytes = frame.arrays.size() * sizeof(uint64_t);
  ByteArray head = ByteArray::Allocate(table_bytes + frame.meta.size());
  std::byte* out = head.data();
  for (const ByteArray& array : frame.arrays) {
    const uint64_t size = array.size();
    std::memcpy(out, &size, sizeof(size));
    out += sizeof(size);
  }
  if (!frame.meta.empty()) std::memcpy(out, frame.meta.data(), frame.meta.size());
  return head;
}

}  // namespace

uint64_t FrameBytes(const Frame& frame) {
  uint64_t bytes = frame.arrays.size() * sizeof(uint64_t) + frame.meta.size();
  for (const ByteArray& array : frame.arrays) bytes = AlignUp(bytes) + array.size();
  return bytes;
}

FrameEncoder::FrameEncoder(Envelope envelope, uint64_t max_part_bytes, Checksums checksums)
    : envelope_(std::move(envelope)),
      max_part_bytes_(std::min<uint64_t>(max_part_bytes, UINT32_MAX)),
      checksums_(checksums),
      head_(MakeHead(envelope_.frame)) {
  CHECK(max_part_bytes > 0 && envelope_.frame.arrays.size() <= kMaxArrays &&
        envelope_.frame.meta.size() <= UINT32_MAX);
  uint64_t end = 0;
  const auto add = [&](std::span<const std::byte> piece) {
    if (!piece.empty()) body_.push_back(piece);
    end += piece.size();
  };
  add({head_.data(), head_.size()});
  for (const ByteArray& array : envelope_.frame.arrays) {
    add({kZeros, AlignUp(end) - end});
    add({array.data(), array.size()});
  }
  frame_bytes_ = end;
}

const std::vector<std::span<const std::byte>>& FrameEncoder::NextPart() {
  CHECK(!done());
  started_ = true;
  const uint64_t part_bytes = std::min(max_part_bytes_, frame_bytes_ - offset_);
  part_.assign(1, std::span<const std::byte>(header_));
  for (uint64_t left = part_bytes; left > 0;) {
    const auto rest = body_[piece_].subspan(in_piece_);
    const size_t take = std::min<uint64_t>(left, rest.size());
    part_.push_back(rest.first(take));
    left -= take;
    in_piece_ = take == rest.size() ? 0 : in_piece_ + take;
    if (take == rest.size()) ++piece_;
  }
  WriteHeader(part_bytes, HashPieces(std::span(part_).subspan(1), checksums_));
  offset_ += part_bytes;
  return part_;
}

void FrameEncoder::WriteHeader(uint64_t part_bytes, uint64_t payload_checksum) {
  PartHeader header{};
  header.magic = kWireMagic;
  header.version = kWireVersion;
  header.type = static_cast<uint16_t>(envelope_.frame.type);
  header.request_id = envelope_.request_id;
  header.meta_bytes = static_cast<uint32_t>(envelope_.frame.meta.size());
  header.array_count = static_cast<uint32_t>(envelope_.frame.arrays.size());
  header.frame_bytes = frame_bytes_;
  header.offset = offset_;
  header.part_bytes = static_cast<uint32_t>(part_bytes);
  header.direction = static_cast<uint16_t>(envelope_.direction);
  header.payload_checksum = payload_checksum;
  header.header_checksum = HashHeader(&header, checksums_);
  std::memcpy(header_.data(), &header, sizeof(header));
}

Result<std::span<std::byte>> FrameAssembler::BeginPart(
    std::span<const std::byte, kPartHeaderBytes> bytes) {
  PartHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != kWireMagic) return DataLoss("frame part: wrong magic");
  // Before the version: a damaged one must not pass for a peer that will never be understood, when a
  // new connection would do. (The handshake has compared versions.)
  if (header.header_checksum != HashHeader(bytes.data(), checksums_)) {
    return DataLoss("frame part: checksum of the header differs");
  }
  if (header.version != kWireVersion) {
    return FailedPrecondition(
        StrCat("frame part: version ", header.version, ", not ", kWireVersion));
  }
  if (header.frame_bytes > max_frame_bytes_) {
    return ResourceExhausted(
        StrCat("frame of ", header.frame_bytes, " bytes; the limit is ", max_frame_bytes_));
  }
  const uint64_t head_bytes = uint64_t{header.array_count} * sizeof(uint64_t) + header.meta_bytes;
  if (head_bytes > header.frame_bytes || header.array_count > kMaxArrays || header.reserved != 0 ||
      header.direction > 1) {
    return DataLoss("frame part: impossible header");
  }
  if (!within_frame_) {
    envelope_ = {header.request_id, static_cast<FrameDirection>(header.direction), Frame{}};
    envelope_.frame.type = static_cast<FrameType>(header.type);
    frame_bytes_ = header.frame_bytes;
    meta_bytes_ = header.meta_bytes;
    array_count_ = header.array_count;
    received_ = 0;
  }
  const uint64_t left = frame_bytes_ - received_;
  if (header.request_id != envelope_.request_id || header.frame_bytes != frame_bytes_ ||
      header.type != static_cast<uint16_t>(envelope_.frame.type) ||
      header.direction != static_cast<uint16_t>(envelope_.direction) ||
      header.meta_bytes != meta_bytes_ || header.array_count != array_count_ ||
      header.offset != received_ || header.part_bytes > left ||
      (header.part_bytes == 0 && left > 0)) {
    return DataLoss("frame part: does not continue the frame before it");
  }
  if (!within_frame_) body_ = ByteArray::Allocate(frame_bytes_);
  within_frame_ = true;
  part_ = {body_.data() + received_, header.part_bytes};
  part_checksum_ = header.payload_checksum;
  return part_;
}

Result<bool> FrameAssembler::FinishPart() {
  CHECK(within_frame_);
  const std::span<const std::byte> part = part_;
  if (HashPieces({&part, 1}, checksums_) != part_checksum_) {
    return DataLoss("frame part: checksum of the bytes differs");
  }
  received_ += part_.size();
  part_ = {};
  if (received_ < frame_bytes_) return false;
  within_frame_ = false;
  RETURN_IF_ERROR(Disassemble());
  return true;
}

Status FrameAssembler::Disassemble() {
  uint64_t end = uint64_t{array_count_} * sizeof(uint64_t) + meta_bytes_;
  Frame& frame = envelope_.frame;
  frame.meta.assign(reinterpret_cast<const char*>(body_.data()) + (end - meta_bytes_), meta_bytes_);
  frame.arrays.reserve(array_count_);
  for (uint32_t i = 0; i < array_count_; ++i) {
    uint64_t size = 0;
    std::memcpy(&size, body_.data() + i * sizeof(size), sizeof(size));
    end = AlignUp(end);
    if (end > frame_bytes_ || size > frame_bytes_ - end) {
      return DataLoss("frame: the sizes of its arrays pass its end");
    }
    frame.arrays.push_back(body_.Slice(end, size));
    end += size;
  }
  if (end != frame_bytes_) return DataLoss("frame: bytes after its last array");
  return Status::Ok();
}

Envelope FrameAssembler::Take() {
  CHECK(!within_frame_);
  body_ = {};
  return std::exchange(envelope_, {});
}

}  // namespace chorus
