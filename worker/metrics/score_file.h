#pragma once
// The score file: Scores on disk. Little-endian:
//   header   64 bytes: "CHSCORES", u32 version = 1, u32 columns there are (1 groups, 2 truth),
//            u64 rows, u64 XXH3-64 of the columns, 24 bytes of zero, u64 XXH3-64 of the 56 bytes before
//   columns  back to back, `rows` values each: row_id u64, [group u64], click u8, conversion u8,
//            ctr_logit f64, cvr_logit f64, log_cvr f64, [p_conv_do f32, p_v f32]
// Thread safety: functions without state.

#include <string>
#include <string_view>

#include "common/file.h"
#include "common/status.h"
#include "worker/metrics/scores.h"

namespace chorus::worker {

// Writes beside `path`, syncs and renames: `path` holds the old file or the whole new one.
Status SaveScores(FileSystem& files, const std::string& path, const Scores& scores);
// Errors: kNotFound; kDataLoss, which names the file and what does not hold.
Result<Scores> LoadScores(FileSystem& files, const std::string& path);

// The file's bytes, to send them.
std::string EncodeScores(const Scores& scores);
Result<Scores> DecodeScores(std::string_view bytes);  // Error: kDataLoss
// Adds rows at the end. REQUIRES: the same columns in both, or no row in *to.
void AppendScores(const Scores& from, Scores* to);

}  // namespace chorus::worker
