#include "worker/train/checkpoint_store.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/log/folder_kind.h"
#include "worker/train/best_file.h"
#include "worker/train/checkpoint_claim.h"
#include "worker/train/checksummed_text.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kFolderPrefix = "step-";
constexpr std::string_view kWritingMark = ".writing-";
constexpr std::string_view kRemovedSuffix = ".removed";
constexpr int kMostLooksForNewest = 5;

bool IsComplete(FileSystem& files, const std::string& folder) {
  return files.Exists(JoinPath(folder, kManifestName));
}

Status CheckFile(const std::string& path, std::string_view bytes, const CheckpointFile& expected) {
  if (bytes.size() != expected.bytes()) {
    return DataLoss(
        StrCat(path, ": ", bytes.size(), " bytes, the manifest says ", expected.bytes()));
  }
  if (Checksum(bytes) != expected.checksum()) {
    return DataLoss(path + ": checksum differs from the manifest's");
  }
  return Status::Ok();
}

// Step folders of `directory`, ascending.
Result<std::vector<std::string>> StepFolders(FileSystem& files, const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  std::vector<std::string> folders;
  for (const std::string& name : names) {
    if (name.starts_with(kFolderPrefix) &&
        ParseUint64(Trim(std::string_view(name).substr(kFolderPrefix.size()))).has_value()) {
      folders.push_back(JoinPath(directory, name));
    }
  }
  return folders;
}

}  // namespace

std::string CheckpointFolder(const std::string& directory, uint64_t step) {
  char name[32];
  std::snprintf(name, sizeof(name), "step-%012llu", static_cast<unsigned long long>(step));
  return JoinPath(directory, name);
}

std::string WritingFolder(const std::string& directory, uint64_t step, const std::string& claim) {
  return StrCat(CheckpointFolder(directory, step), kWritingMark, claim);
}

Result<std::optional<std::string>> FindCheckpoint(FileSystem& files, const std::string& path) {
  if (IsComplete(files, path)) return std::optional<std::string>(path);
  // A job removes an old one only when a newer one is there, which the list may not have had yet.
  std::vector<std::string> before;
  for (int look = 0; look < kMostLooksForNewest; ++look) {
    Result<std::vector<std::string>> folders = StepFolders(files, path);
    if (folders.status().code() == Code::kNotFound) break;
    RETURN_IF_ERROR(folders.status());
    for (auto it = folders->rbegin(); it != folders->rend(); ++it) {
      if (IsComplete(files, *it)) return std::optional<std::string>(*it);
    }
    if (*folders == before) break;
    before = std::move(*folders);
  }
  return std::optional<std::string>();
}

bool AwaitsFirstCheckpoint(FileSystem& files, const std::string& path) {
  const Result<std::vector<std::string>> names = files.List(path);
  const Result<std::vector<std::string>> folders = StepFolders(files, path);
  if (!names.ok() || !folders.ok() || !folders->empty()) return false;
  return std::any_of(names->begin(), names->end(), [](const std::string& name) {
    return NumberOfClaim(name).has_value() || name.find(kWritingMark) != std::string::npos;
  });
}

Result<std::string> ChooseCheckpoint(FileSystem& files, const std::string& path, bool best) {
  if (best) {
    ASSIGN_OR_RETURN(const std::optional<BestCheckpoint> found, ReadBest(files, path));
    if (found.has_value()) return CheckpointFolder(path, found->step());
    return NotFound(path + ": no best checkpoint; a run with checkpoint.best keeps one");
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> folder, FindCheckpoint(files, path));
  if (folder.has_value()) return *folder;
  // A folder that may not be entered shows its names, and nothing of what they are.
  const auto manifest = files.OpenForRead(JoinPath(path, kManifestName));
  if (!manifest.ok() && manifest.status().code() != Code::kNotFound) return manifest.status();
  if (AwaitsFirstCheckpoint(files, path)) {
    return NotFound(path + ": no checkpoint yet: the job in it has not written its first one");
  }
  return NotFound(StrCat(path,
                         files.Exists(path) ? ": no complete checkpoint" : ": it does not exist",
                         WhatIsThere(files, path)));
}

std::string OtherCheckpoint(FileSystem& files, const std::string& folder) {
  const Result<std::vector<std::string>> folders = StepFolders(files, DirectoryOf(folder));
  if (!folders.ok()) return "";
  std::string before, other;
  for (const std::string& each : *folders) {
    if (BaseName(each) == BaseName(folder) || !IsComplete(files, each)) continue;
    if (BaseName(each) < BaseName(folder)) before = each;
    other = each;
  }
  return before.empty() ? other : before;
}

Result<std::optional<std::string>> SetAsideDamaged(FileSystem& files,
                                                   const std::string& directory) {
  const Result<std::vector<std::string>> folders = StepFolders(files, directory);
  if (folders.status().code() == Code::kNotFound) return std::optional<std::string>();
  RETURN_IF_ERROR(folders.status());
  std::vector<std::string> damaged;
  std::optional<std::string> whole;
  for (auto it = folders->rbegin(); it != folders->rend() && !whole.has_value(); ++it) {
    if (!IsComplete(files, *it)) continue;
    const Result<CheckpointManifest> manifest = ReadManifest(files, *it);
    const Status status = manifest.ok() ? VerifyFiles(files, *it, *manifest) : manifest.status();
    if (status.ok()) {
      whole = *it;
    } else if (status.code() == Code::kDataLoss || status.code() == Code::kNotFound) {
      LogWarning(*it, " is damaged and left out: ", status.message());
      damaged.push_back(*it);
    } else {
      return status;  // it may be whole
    }
  }
  if (!damaged.empty() && !whole.has_value()) {
    return DataLoss(
        StrCat(directory, ": none of its checkpoints is whole (", damaged.size(), " looked at)"));
  }
  for (const std::string& folder : damaged) {
    RETURN_IF_ERROR(files.Rename(folder, JoinPath(directory, "damaged-" + BaseName(folder))));
  }
  return whole;
}

Result<CheckpointManifest> ReadManifest(FileSystem& files, const std::string& folder) {
  const std::string path = JoinPath(folder, kManifestName);
  CheckpointManifest manifest;
  RETURN_IF_ERROR(ReadChecksummedText(files, path, &manifest));
  if (manifest.version() != 1) {
    return FailedPrecondition(StrCat(path, ": version ", manifest.version(), ", expected 1"));
  }
  return manifest;
}

// Its rename makes the names of all files in the folder safe: whoever finds the checkpoint's name
// after a loss of power, which may keep the names of the last moment in any choice, finds what the
// manifest lists.
Status WriteManifest(FileSystem& files, const std::string& folder,
                     const CheckpointManifest& manifest) {
  return WriteChecksummedText(files, JoinPath(folder, kManifestName), manifest).Annotate(folder);
}

// A rename to a folder that is not empty fails: where a rank that outlives its job and the next job
// complete the same step, none takes the other's files.
Status PublishCheckpoint(FileSystem& files, const std::string& written, const std::string& folder) {
  if (files.Exists(folder)) RETURN_IF_ERROR(RemoveCheckpoint(files, folder));
  return files.Rename(written, folder);
}

Result<CheckpointFile> WriteDenseState(FileSystem& files, const std::string& folder,
                                       const DenseState& state) {
  const std::string bytes = EncodeDenseState(state);
  RETURN_IF_ERROR(ReplaceFile(files, JoinPath(folder, kDenseName), bytes));
  CheckpointFile file;
  file.set_name(kDenseName);
  file.set_bytes(bytes.size());
  file.set_checksum(Checksum(bytes));
  return file;
}

Result<DenseState> ReadDenseState(FileSystem& files, const std::string& folder,
                                  const CheckpointManifest& manifest) {
  const std::string path = JoinPath(folder, kDenseName);
  ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(files, path));
  const auto entry =
      std::find_if(manifest.file().begin(), manifest.file().end(),
                   [](const CheckpointFile& file) { return file.name() == kDenseName; });
  if (entry == manifest.file().end()) return DataLoss(path + ": the manifest does not name it");
  RETURN_IF_ERROR(CheckFile(path, bytes, *entry));
  Result<DenseState> state = DecodeDenseState(bytes);
  if (!state.ok()) return state.status().Annotate(path);
  if (state->step != manifest.step()) {
    return DataLoss(
        StrCat(path, ": is of step ", state->step, ", the manifest of step ", manifest.step()));
  }
  return state;
}

Status VerifyFiles(FileSystem& files, const std::string& folder,
                   const CheckpointManifest& manifest) {
  for (const CheckpointFile& file : manifest.file()) {
    const std::string path = JoinPath(folder, file.name());
    ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(files, path));
    RETURN_IF_ERROR(CheckFile(path, bytes, file));
  }
  return Status::Ok();
}

// A rename, unlike a removal, is one step, and is safe when it returns. Who still writes in a folder
// that a job writes does not find it any more, and cannot make a checkpoint of what is left of it.
Status RemoveCheckpoint(FileSystem& files, const std::string& folder) {
  if (folder.ends_with(kRemovedSuffix)) return files.RemoveRecursively(folder);
  const std::string removed = StrCat(folder, kRemovedSuffix);
  if (files.Exists(removed)) RETURN_IF_ERROR(files.RemoveRecursively(removed));
  RETURN_IF_ERROR(files.Rename(folder, removed));
  return files.RemoveRecursively(removed);
}

namespace {

// Of a folder that a job writes, or has written and that was removed halfway; nothing for other
// names.
std::optional<uint64_t> NumberOfWriting(std::string_view name) {
  const size_t mark = name.find(kWritingMark);
  if (mark == std::string_view::npos) return std::nullopt;
  return NumberOfToken(name.substr(mark + kWritingMark.size()));
}

// Whether it was a checkpoint, and is nobody's any more.
bool IsRemoved(std::string_view name) {
  return name.starts_with(kFolderPrefix) && name.ends_with(kRemovedSuffix) &&
         name.find(kWritingMark) == std::string_view::npos;
}

// What jobs with older claims have left, what this one has given up, and what was removed halfway.
Status RemoveUnfinished(FileSystem& files, const std::string& directory, uint64_t claim) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    const std::string path = JoinPath(directory, name);
    const auto number = NumberOfWriting(name);
    if (IsRemoved(name) || (number.has_value() && *number <= claim)) {
      RETURN_IF_ERROR(RemoveCheckpoint(files, path));
    } else if (const auto older = NumberOfClaim(name); older.has_value() && *older < claim) {
      RETURN_IF_ERROR(files.RemoveRecursively(path));
    }
  }
  return Status::Ok();
}

}  // namespace

Status PruneCheckpoints(FileSystem& files, const std::string& directory, uint32_t keep,
                        const std::string& written, uint64_t claim) {
  ASSIGN_OR_RETURN(const std::vector<std::string> folders, StepFolders(files, directory));
  ASSIGN_OR_RETURN(const std::optional<BestCheckpoint> best, ReadBest(files, directory));
  const std::string kept = best.has_value() ? CheckpointFolder(directory, best->step()) : "";
  uint32_t complete = 0;
  for (auto it = folders.rbegin(); it != folders.rend(); ++it) {
    if (IsComplete(files, *it) && ++complete <= keep) continue;
    if (*it == written || *it == kept) continue;
    RETURN_IF_ERROR(RemoveCheckpoint(files, *it));
  }
  return RemoveUnfinished(files, directory, claim);
}

}  // namespace chorus::worker
