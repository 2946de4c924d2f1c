#pragma once
// Checkpoints on disk. A checkpoint is a folder step-NNNNNNNNNNNN with dense.bin, one
// shard-NNNNN.rows per logical shard, and MANIFEST (checkpoint.proto in text format and a checksum
// line), which is renamed into place last: a folder without MANIFEST is no checkpoint and is never
// read. Thread safety: functions on distinct folders; one writer a directory.

#include <optional>
#include <string>
#include <vector>

#include "common/checkpoint.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/train/dense_state.h"

namespace chorus::worker {

inline constexpr char kManifestName[] = "MANIFEST";
inline constexpr char kDenseName[] = "dense.bin";
inline constexpr char kBestName[] = "BEST";  // of checkpoint.best, beside the folders

std::string CheckpointFolder(const std::string& directory, uint64_t step);

// `path` itself if it is a complete checkpoint, else the complete one with the highest step inside
// it. Empty if there is none (or no such directory). Error: a directory that cannot be listed.
Result<std::optional<std::string>> FindCheckpoint(FileSystem& files, const std::string& path);

// The checkpoint that `path` names: itself, or of a directory the newest complete one or, with
// `best`, that of the best evaluation. Error: kNotFound, says what is missing.
Result<std::string> ChooseCheckpoint(FileSystem& files, const std::string& path, bool best);
// What lies beside `folder`: the complete checkpoint before it, else the newest other one; "" if
// there is none.
std::string OtherCheckpoint(FileSystem& files, const std::string& folder);
// The newest complete checkpoint in `directory` whose files all fit its manifest. Newer ones are
// renamed to damaged-step-N, so that no later run takes or counts them, and are warned of. Empty if
// there is no complete checkpoint. Reads every file that it looks at. Errors: kDataLoss when all
// are damaged, and whatever keeps it from reading.
Result<std::optional<std::string>> SetAsideDamaged(FileSystem& files, const std::string& directory);

// What BEST of a directory of checkpoints says; empty where there is none, or where its checkpoint
// has been removed. Error: kDataLoss.
Result<std::optional<BestCheckpoint>> ReadBest(FileSystem& files, const std::string& directory);
Status WriteBest(FileSystem& files, const std::string& directory, const BestCheckpoint& best);
Status RemoveBest(FileSystem& files, const std::string& directory);  // if there is one

// Errors: kDataLoss (checksum, version or syntax of the manifest).
Result<CheckpointManifest> ReadManifest(FileSystem& files, const std::string& folder);
// Completes the checkpoint: after it returns, a crash cannot undo it.
Status WriteManifest(FileSystem& files, const std::string& folder,
                     const CheckpointManifest& manifest);

// Writes dense.bin (synced) and tells its manifest entry.
Result<CheckpointFile> WriteDenseState(FileSystem& files, const std::string& folder,
                                       const DenseState& state);
// Error: kDataLoss when dense.bin is damaged or not that of the manifest.
Result<DenseState> ReadDenseState(FileSystem& files, const std::string& folder,
                                  const CheckpointManifest& manifest);

// Reads every file that the manifest names and compares size and checksum. Error: kDataLoss, names
// the file.
Status VerifyFiles(FileSystem& files, const std::string& folder,
                   const CheckpointManifest& manifest);

// Removes a step's folder, complete or not: the manifest first, so that a crash in between leaves
// no checkpoint that lacks files.
Status RemoveCheckpoint(FileSystem& files, const std::string& folder);

// Removes all but the `keep` newest complete checkpoints, and folders without MANIFEST older than
// the newest; never `written`, the one just completed, nor the one that BEST names.
Status PruneCheckpoints(FileSystem& files, const std::string& directory, uint32_t keep,
                        const std::string& written);

}  // namespace chorus::worker
