#pragma once
// One block of a log as bytes: the decoder (EncodeBlock, its counterpart, stands in log_writer.h).
// Thread safety: pure functions.

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// Decodes a block of a log with this schema into *out, whose memory is reused. Never trusts the
// bytes: every count is checked against the format's limits before memory is taken for it. On an
// error *out holds nothing of use. Error: kDataLoss, names the column.
Status DecodeBlock(const LogSchema& schema, std::span<const std::byte> bytes, Batch* out);

// The checksum at the end of a block's header. Since the header holds the sections' checksums, it
// stands for the whole block. REQUIRES: `bytes` begin with a block header (as EncodeBlock or
// DecodeBlock know it).
uint64_t BlockChecksum(std::span<const std::byte> bytes);

}  // namespace chorus::worker
