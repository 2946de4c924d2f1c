#pragma once
// Which job may write in a folder of checkpoints: the one that has the newest claim on it. The
// folder's lock (common/write_lock.h) keeps a second job out while its holder can be reached; a
// claim stops the ranks of a job whose lock was lost, and which come back to life when another job
// has taken their place. launch/README.md, "Ranks that outlive their job", says what a claim
// prevents, and what it does not.
//
//   claim-000007/WRITER      "7-9f3a21c4 process 4711 on node7 since 2026-03-01 12:00:03 UTC (...)"
//
// "7-9f3a21c4" is the claim's token: its number, and a hash of the time at which it was made. A
// claim is made as claim-000007.9f3a21c4 and renamed into place, which fails where the name is
// taken: no two jobs have one number. Older claims are removed with old checkpoints.
// Thread safety: a value; Check may be called on any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

class CheckpointClaim {
 public:
  // Makes `directory` where it is not there yet, and the newest claim on it, which is safe from a
  // crash when this returns. writer: who claims, for the errors of others; "" = this process
  // (common/process_name.h). before: the newest claim's number when the folder's lock was taken: a
  // job that was overtaken since then is refused; empty: the number at this call. `files` outlives
  // this. Errors: kFailedPrecondition when another job has claimed it since, and those of the disk.
  static Result<CheckpointClaim> Make(FileSystem& files, const std::string& directory,
                                      const std::string& writer = "",
                                      std::optional<uint64_t> before = std::nullopt);

  uint64_t number() const { return number_; }          // from 1
  const std::string& token() const { return token_; }  // "7-9f3a21c4"

  // Error: kFailedPrecondition when there is a newer claim (names its job), or this one is gone;
  // those of the disk when nobody can say.
  Status Check() const;

 private:
  CheckpointClaim(FileSystem* files, std::string directory, uint64_t number, std::string token)
      : files_(files),
        directory_(std::move(directory)),
        number_(number),
        token_(std::move(token)) {}
  Result<std::optional<Status>> CheckOnce() const;
  Status Superseded(uint64_t by) const;

  FileSystem* files_;
  std::string directory_;
  uint64_t number_;
  std::string token_;
  std::string text_;  // of the claim's file
};

// The newest claim's number among the names in a folder of checkpoints; 0: there is none.
uint64_t NewestClaim(const std::vector<std::string>& names);
// The claim's number in a token, or in a name that begins with one ("7-9f3a21c4.removed").
std::optional<uint64_t> NumberOfToken(std::string_view token);
// The number of a claim by the name of its folder, whole or in the making; nothing for other names.
std::optional<uint64_t> NumberOfClaim(std::string_view name);

}  // namespace chorus::worker
