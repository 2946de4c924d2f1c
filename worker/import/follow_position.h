#pragma once
// How far an import that follows its input has come. The position is written before the log files
// that it counts get their names, and says where they are until then: after a kill at any time, the
// same files get the same names, and what comes next is read from where they end.
//
//   OUTPUT/.sealing-N/part-00000.log   whole files, of which the first will be number N
//   OUTPUT/follow.position             FollowPosition, replaced at once
//   OUTPUT/part-0000000007.log         log files, each whole
//
// With a split: OUTPUT/.sealing-N/PART/part-00000.log and OUTPUT/PART/part-0000000007.log, where
// each part counts its own files.
//
// Thread safety: one writer per output.

#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "worker/import/follow_position.pb.h"

namespace chorus::worker {

inline constexpr char kFollowPositionName[] = "follow.position";

// The position of the output `folder`; a new position where there is none. Error:
// kFailedPrecondition, the folder holds other things, or a later version wrote it; kDataLoss, the
// file is damaged.
Result<FollowPosition> ReadFollowPosition(FileSystem& files, const std::string& folder);
Status WriteFollowPosition(FileSystem& files, const std::string& folder,
                           const FollowPosition& position);

// "OUTPUT/.sealing-7": where the next log files are made.
std::string SealingFolder(const std::string& folder, uint64_t next_file);
// Gives the last files that the position counts their names, unless they have them, and removes
// what a killed import left.
Status FinishSealing(FileSystem& files, const std::string& folder, const FollowPosition& position);

// XXH3-64 of the first `bytes` of a file. Error: it has fewer.
Result<uint64_t> HeadChecksum(const RandomAccessFile& file, uint64_t bytes);
inline constexpr uint64_t kHeadBytes = 4096;

}  // namespace chorus::worker
