#include "worker/train/checkpoint_claim.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>
#include <vector>

#include "common/process_name.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kClaimPrefix = "claim-";
constexpr std::string_view kWriterName = "WRITER";
// A claim may be removed between two looks at it, by a job whose own is then there.
constexpr int kMostLooks = 5;

std::string ClaimFolder(const std::string& directory, uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof(name), "claim-%06llu", static_cast<unsigned long long>(number));
  return JoinPath(directory, name);
}

// Whether the name is that of a claim which is in place.
bool IsWhole(std::string_view name) { return name.find('.') == std::string_view::npos; }

// Of now: two claims of one number, of which one was removed with its folder, differ by it.
std::string NewId() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const uint64_t nanoseconds =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  return HexDigits(Checksum(StrCat(nanoseconds))).substr(0, 8);
}

}  // namespace

uint64_t NewestClaim(const std::vector<std::string>& names) {
  uint64_t newest = 0;
  for (const std::string& name : names) {
    if (IsWhole(name)) newest = std::max(newest, NumberOfClaim(name).value_or(0));
  }
  return newest;
}

std::optional<uint64_t> NumberOfToken(std::string_view token) {
  return ParseUint64(token.substr(0, token.find('-')));
}

std::optional<uint64_t> NumberOfClaim(std::string_view name) {
  if (!name.starts_with(kClaimPrefix)) return std::nullopt;
  name.remove_prefix(kClaimPrefix.size());
  return ParseUint64(name.substr(0, name.find('.')));
}

Result<CheckpointClaim> CheckpointClaim::Make(FileSystem& files, const std::string& directory,
                                              const std::string& writer,
                                              std::optional<uint64_t> before) {
  RETURN_IF_ERROR(files.CreateDirectories(directory));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  const uint64_t newest = NewestClaim(names);
  const uint64_t number = before.value_or(newest) + 1;
  const std::string id = NewId();
  CheckpointClaim claim(&files, directory, number, StrCat(number, "-", id));
  claim.text_ = StrCat(claim.token_, " ",
                       writer.empty() ? ProcessName() : StrCat(writer, " since ", UtcNow()), "\n");
  if (newest >= number) return claim.Superseded(newest);
  const std::string folder = ClaimFolder(directory, number);
  const std::string made = StrCat(folder, ".", id);
  RETURN_IF_ERROR(files.CreateDirectories(made));
  Status status = ReplaceFile(files, JoinPath(made, kWriterName), claim.text_);
  if (status.ok()) status = files.Rename(made, folder);
  if (status.ok()) return claim;
  (void)files.RemoveRecursively(made);  // the first error is the one worth telling
  return files.Exists(folder) ? claim.Superseded(number) : status;
}

Status CheckpointClaim::Check() const {
  for (int look = 0; look < kMostLooks; ++look) {
    ASSIGN_OR_RETURN(const std::optional<Status> found, CheckOnce());
    if (found.has_value()) return *found;
  }
  return Internal(StrCat(directory_, ": its claims come and go: nobody can say who may write"));
}

// Nothing: a claim was removed while it was looked at.
Result<std::optional<Status>> CheckpointClaim::CheckOnce() const {
  using Found = std::optional<Status>;
  const Result<std::vector<std::string>> names = files_->List(directory_);
  const bool is_there = names.status().code() != Code::kNotFound;
  if (is_there) RETURN_IF_ERROR(names.status());
  const uint64_t newest = is_there ? NewestClaim(*names) : 0;
  if (newest > number_) return Found(Superseded(newest));
  if (newest < number_) {
    return Found(FailedPrecondition(
        StrCat(directory_, ": the claim of this job (", token_,
               ") is gone: somebody has removed it, and it writes nothing more there")));
  }
  const Result<std::string> text =
      ReadWholeFile(*files_, JoinPath(ClaimFolder(directory_, number_), kWriterName));
  if (text.status().code() == Code::kNotFound) return Found();
  RETURN_IF_ERROR(text.status());
  return Found(*text == text_ ? Status::Ok() : Superseded(number_));
}

Status CheckpointClaim::Superseded(uint64_t by) const {
  const Result<std::string> text =
      ReadWholeFile(*files_, JoinPath(ClaimFolder(directory_, by), kWriterName));
  std::string who;
  if (text.ok()) who = text->substr(0, text->find('\n'));
  who.erase(0, std::min(who.find(' '), who.size()));  // the token
  who = Trim(who);
  return FailedPrecondition(
      StrCat(directory_, ": another job goes on here, with claim ", by, ": ",
             who.empty() ? "a process that does not say which" : who, "; this job, whose claim is ",
             token_, ", has lost its place: it ends, and changes nothing there any more"));
}

}  // namespace chorus::worker
