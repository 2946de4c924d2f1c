#pragma once
// The state of a checkpoint as bytes that do not depend on the layout (shards, servers, workers):
// two runs computed the same if these bytes are equal. All numbers are little-endian:
//
//   "CHORUS-CANONICAL 1\n" | u64 step
//   | per table: name, '\n', u64 rows,
//       rows by ascending key: u64 key, u32 count, u32 last step, f32 weights, f32 state
//   | per pending step: u64 step, per table: u64 rows, u64 keys, f32 weights
//   | dense.bin as it is (dense_state.h)
//
// Thread safety: pure but for the files it reads.

#include <functional>
#include <string>
#include <string_view>

#include "common/file.h"
#include "common/status.h"

namespace chorus::launch {

// Gives the bytes to `write`, piece by piece, after all files have been checked against the
// manifest.
Status WriteCanonical(FileSystem& files, const std::string& folder,
                      const std::function<Status(std::string_view bytes)>& write);

}  // namespace chorus::launch
