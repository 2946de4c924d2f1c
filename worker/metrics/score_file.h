#pragma once
// The score file: Scores on disk. Little-endian:
//   header   64 bytes: "CHSCORES", u32 version = 1, u32 bits of the optional columns (1 group,
//            2 truth, 4 weight), u64 rows, u64 XXH3-64 of the columns, 24 bytes of zero,
//            u64 XXH3-64 of the 56 bytes before
//   columns  back to back, `rows` values each: row_id u64, [group u64], click u8, conversion u8,
//            ctr_logit f64, cvr_logit f64, log_cvr f64, [p_conv_do f32, p_v f32],
//            [weight f32]
// Thread safety: functions without state.

#include <string>
#include <string_view>

#include "common/file.h"
#include "common/status.h"
#include "worker/metrics/scores.h"

namespace chorus::worker {

// Writes a temporary file beside `path`, syncs and renames it: `path` is always the old file or the
// whole new one.
Status SaveScores(FileSystem& files, const std::string& path, const Scores& scores);
// Errors: kNotFound; kDataLoss, which names the file and what does not hold.
Result<Scores> LoadScores(FileSystem& files, const std::string& path);

// The bytes of a score file, for messages between workers.
std::string EncodeScores(const Scores& scores);
Result<Scores> DecodeScores(std::string_view bytes);  // Error: kDataLoss
// Appends the rows of `from` to *to. REQUIRES: both have the same columns, or *to has no row.
void AppendScores(const Scores& from, Scores* to);

}  // namespace chorus::worker
