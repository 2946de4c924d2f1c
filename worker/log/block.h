#pragma once
// The decoder of one block of a log. Its counterpart, EncodeBlock, is in log_writer.h.
// Thread safety: pure functions.

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// Decodes a block of a log with this schema into *out, whose memory is reused. The bytes are not
// trusted: every count is checked against the format's limits before memory is allocated for it.
// After an error the contents of *out are unspecified. Error: kDataLoss, names the column.
Status DecodeBlock(const LogSchema& schema, std::span<const std::byte> bytes, Batch* out);

// The checksum at the end of a block's header. The header holds the checksums of all sections, so
// this one covers the whole block. REQUIRES: `bytes` come from EncodeBlock, or DecodeBlock has
// accepted them.
uint64_t BlockChecksum(std::span<const std::byte> bytes);

}  // namespace chorus::worker
