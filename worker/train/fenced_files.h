#pragma once
// The file system of a job that claims its folder of checkpoints (checkpoint_claim.h): once it has
// done so, right before each call that others would see, of checkpoints, reports or anything else,
// it looks whether the claim is still the newest one, and refuses where it is not.
//
// Temporary files of two jobs have two names: "BEST.tmp" becomes "BEST.7-9f3a21c4.tmp". What older
// jobs have left of these is removed when the next one is made.
// Thread safety: as the file system behind it; Claim comes before any use by other threads.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/forwarding_files.h"
#include "worker/train/checkpoint_claim.h"

namespace chorus::worker {

class FencedFiles final : public ForwardingFiles {
 public:
  // `files` outlives this.
  explicit FencedFiles(FileSystem& files) : ForwardingFiles(files) {}

  // From now on the errors of all calls below are also those of CheckpointClaim::Check.
  void Claim(CheckpointClaim claim) { claim_.emplace(std::move(claim)); }
  // Null before it.
  const CheckpointClaim* claim() const { return claim_.has_value() ? &*claim_ : nullptr; }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status CreateDirectories(const std::string& path) override;
  Status Remove(const std::string& path) override;
  Status RemoveRecursively(const std::string& path) override;
  bool Exists(const std::string& path) override;

 private:
  Status Check() const { return claim_.has_value() ? claim_->Check() : Status::Ok(); }
  std::string NameOf(const std::string& path) const;
  void RemoveOlder(const std::string& path);

  std::optional<CheckpointClaim> claim_;
};

}  // namespace chorus::worker
