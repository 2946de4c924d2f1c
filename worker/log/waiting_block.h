#pragma once
// Blocks of which some numerics cannot be written yet, because their means and deviations are only
// known after the last row: all other columns are encoded, and these wait beside them as the
// numbers that they were. A waiting block is a string, which may be kept in a file for a while.
// Thread safety: pure functions.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/log/log_writer.h"

namespace chorus::worker {

// Numbers of a block as its text has them, after log1p where asked; NaN: missing.
struct RawNumerics {
  // [numerics of the side][row]; a numeric without numbers here does not wait: the batch has it.
  std::vector<std::vector<double>> contexts, exposures;
};

// REQUIRES: as EncodeBlock; of a numeric that waits, the batch has no numbers, and `raw` has one for
// each row of its side.  Error: kInvalidArgument, that of EncodeBlock.
Result<std::string> EncodeWaitingBlock(const LogSchema& schema, const Batch& batch,
                                       const RawNumerics& raw);

// The stored value of a number in numeric `index` of the contexts or the exposures.
using NumberStored = std::function<float(bool context, uint32_t index, double number)>;

// The block that EncodeBlock would have made of the normalised numbers, byte by byte.  schema: with
// the columns of that one.  Error: kDataLoss, the bytes are not those that EncodeWaitingBlock made.
Result<EncodedBlock> CompleteBlock(const LogSchema& schema, const std::string& waiting,
                                   const NumberStored& stored);

}  // namespace chorus::worker
