#pragma once
// Checkpoints on disk. A checkpoint is a folder step-NNNNNNNNNNNN with dense.bin, one
// shard-NNNNN.rows per logical shard, and MANIFEST (checkpoint.proto in text format and a checksum
// line): a folder without MANIFEST is no checkpoint and is never read. It is written in a folder
// that only its job writes, step-NNNNNNNNNNNN.writing-CLAIM (checkpoint_claim.h), and gets its name
// when it is complete. Thread safety: functions on distinct folders; one writer per directory.

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

std::string CheckpointFolder(const std::string& directory, uint64_t step);
// Where a job writes the checkpoint of `step`. claim: the token of its claim.
std::string WritingFolder(const std::string& directory, uint64_t step, const std::string& claim);

// `path` itself if it is a complete checkpoint, else the complete one with the highest step inside
// it. Empty if there is none (or no such directory). Error: a directory that cannot be listed.
Result<std::optional<std::string>> FindCheckpoint(FileSystem& files, const std::string& path);

// The checkpoint that `path` names: itself, or of a directory the newest complete one or, with
// `best`, that of the best evaluation. Error: kNotFound, says what is missing. A job that goes on
// there may remove it again at any time (launch/command/chosen_checkpoint.h).
Result<std::string> ChooseCheckpoint(FileSystem& files, const std::string& path, bool best);
// Whether jobs have claimed the directory `path` or write in it, and it has no complete checkpoint.
bool AwaitsFirstCheckpoint(FileSystem& files, const std::string& path);
// What lies beside `folder`: the complete checkpoint before it, else the newest other one; "" if
// there is none.
std::string OtherCheckpoint(FileSystem& files, const std::string& folder);
// The newest complete checkpoint in `directory` whose files all fit its manifest. Newer ones are
// renamed to damaged-step-N, so that no later run takes or counts them, and are warned of. Empty if
// there is no complete checkpoint. Reads every file that it looks at. Errors: kDataLoss when all
// are damaged, and whatever keeps it from reading.
Result<std::optional<std::string>> SetAsideDamaged(FileSystem& files, const std::string& directory);

// Errors: kDataLoss (checksum, version or syntax of the manifest).
Result<CheckpointManifest> ReadManifest(FileSystem& files, const std::string& folder);
// After it returns, a crash takes neither the manifest nor the names of the folder's other files.
Status WriteManifest(FileSystem& files, const std::string& folder,
                     const CheckpointManifest& manifest);
// Completes the checkpoint `folder`: gives its name to `written`, which has all of its files. What
// an earlier run has left under that name is removed. After it returns, a crash cannot undo it.
// Error: also when another job has made a checkpoint of this name at the same time.
Status PublishCheckpoint(FileSystem& files, const std::string& written, const std::string& folder);

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

// Removes a step's folder, complete or not, or one that a job writes: it is called FOLDER.removed
// first, so that a crash in between leaves no checkpoint that lacks files.
Status RemoveCheckpoint(FileSystem& files, const std::string& folder);

// Removes all but the `keep` newest complete checkpoints, and with them folders of steps without
// MANIFEST (programs before claims wrote into them); never `written`, the one just completed, nor
// the one that BEST names. Also removes what jobs with older claims than number `claim` have left
// unfinished, these claims, and what was removed halfway.
// REQUIRES: the job with this claim writes no checkpoint at the time.
Status PruneCheckpoints(FileSystem& files, const std::string& directory, uint32_t keep,
                        const std::string& written, uint64_t claim = 0);

}  // namespace chorus::worker
