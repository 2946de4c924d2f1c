#include "launch/doctor/folders.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "common/strings.h"
#include "launch/doctor/outputs.h"
#include "launch/job/shared_folder.h"

namespace chorus::launch {
namespace {

using Kind = Finding::Kind;
using Clock = std::chrono::steady_clock;

constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr size_t kPieces = 32;
constexpr double kMostSeconds = 3;     // of writing and of reading
constexpr double kSlowMegabytes = 50;  // a second

double Seconds(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Writes a file that is removed at once. Returns MB/s, with the time until the bytes are on the
// disk.
Result<double> WriteSpeed(FileSystem& files, const std::string& path) {
  const std::string piece(kPieceBytes, 'x');
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, files.Create(path));
  const auto begin = Clock::now();
  size_t pieces = 0;
  Status status;
  while (status.ok() && pieces < kPieces && Seconds(begin) < kMostSeconds) {
    status = file->Append(std::as_bytes(std::span(piece)));
    ++pieces;
  }
  if (status.ok()) status = file->Sync();
  const double seconds = Seconds(begin);
  const Status closed = file->Close();
  const Status removed = files.Remove(path);
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(closed);
  RETURN_IF_ERROR(removed);
  return static_cast<double>(pieces * kPieceBytes) / 1e6 / seconds;
}

// The contents of a file, or of all files in a folder: "N files, N bytes".
struct Extent {
  uint64_t files = 0;
  uint64_t bytes = 0;
  std::string largest;
  uint64_t largest_bytes = 0;
};

Status AddExtent(FileSystem& files, const std::string& path, Extent* extent) {
  const auto names = files.List(path);
  if (names.ok()) {
    for (const std::string& name : *names)
      RETURN_IF_ERROR(AddExtent(files, JoinPath(path, name), extent));
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(const auto file, files.OpenForRead(path));
  ++extent->files;
  extent->bytes += file->size();
  if (file->size() >= extent->largest_bytes) {
    extent->largest = path;
    extent->largest_bytes = file->size();
  }
  return Status::Ok();
}

Result<double> ReadSpeed(FileSystem& files, const Extent& extent) {
  ASSIGN_OR_RETURN(const auto file, files.OpenForRead(extent.largest));
  std::vector<std::byte> piece(kPieceBytes);
  const auto begin = Clock::now();
  uint64_t offset = 0;
  while (offset < std::min<uint64_t>(file->size(), kPieces * kPieceBytes) &&
         Seconds(begin) < kMostSeconds) {
    const size_t size = std::min<uint64_t>(kPieceBytes, file->size() - offset);
    RETURN_IF_ERROR(file->ReadAt(offset, std::span(piece).first(size)));
    offset += size;
  }
  return static_cast<double>(offset) / 1e6 / std::max(1e-6, Seconds(begin));
}

std::string Speed(double megabytes) { return StrCat(static_cast<uint64_t>(megabytes), " MB/s"); }

bool IsFirstOfHost(uint32_t rank, const std::vector<Place>& places) {
  return EarlierOnHost(places, 0, rank) == 0;
}

// The ranks' findings ("" for nothing) as "node7: 210 MB/s, node8: ...".
std::string ByHost(const std::vector<std::string>& found, const std::vector<Place>& places) {
  std::vector<std::string> texts;
  for (size_t rank = 0; rank < found.size(); ++rank) {
    if (!found[rank].empty()) texts.push_back(StrCat(places[rank].node, " ", found[rank]));
  }
  return Join(texts, ", ");
}

Result<Finding> CheckCheckpoints(Communicator& all, FileSystem& files, const std::string& folder,
                                 const std::vector<Place>& places) {
  constexpr char kField[] = "checkpoint.directory";
  const Status made = all.rank() == 0 ? TryFolder(files, folder, 0) : Status::Ok();
  ASSIGN_OR_RETURN(const std::string cannot, all.Broadcast(made.message(), 0));
  if (!cannot.empty()) {
    return Finding{Kind::kWrong, "folders", StrCat(kField, " ", folder, ": ", cannot),
                   "name a folder that can be made and written in"};
  }
  const Status shared = CheckSharedFolder(all, files, kField, folder, true, places);
  // Any other error is no finding: the ranks do not answer.
  const bool is_verdict =
      shared.code() == Code::kFailedPrecondition || shared.code() == Code::kAborted;
  if (!shared.ok() && !is_verdict) return shared;
  // The first rank's verdict on all.
  ASSIGN_OR_RETURN(const std::string trouble, all.Broadcast(shared.message(), 0));
  if (!trouble.empty()) {
    return Finding{Kind::kWrong, "folders", trouble, "mount it on every host, or name one that is"};
  }
  std::string found;
  Kind kind = Kind::kFine;
  if (IsFirstOfHost(all.rank(), places)) {
    const auto speed = WriteSpeed(files, JoinPath(folder, StrCat(".doctor-", all.rank())));
    found = speed.ok() ? Speed(*speed) : speed.status().message();
    if (!speed.ok()) kind = Kind::kWrong;
    if (speed.ok() && *speed < kSlowMegabytes) kind = Kind::kDoubt;
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> by_rank, all.AllGather(found));
  ASSIGN_OR_RETURN(const std::vector<std::string> kinds,
                   all.AllGather(StrCat(static_cast<int>(kind))));
  const std::string worst = *std::max_element(kinds.begin(), kinds.end());
  Finding finding{
      static_cast<Kind>(worst.front() - '0'), "folders",
      StrCat(kField, " ", folder, " is one folder; written at once by ", ByHost(by_rank, places)),
      ""};
  if (finding.kind == Kind::kWrong) finding.remedy = "name a folder that every host can write in";
  if (finding.kind == Kind::kDoubt) {
    finding.remedy = "a checkpoint takes its bytes / this speed; checkpoint.every_minutes";
  }
  return finding;
}

Result<Finding> CheckLog(Communicator& all, FileSystem& files, const std::string& log,
                         const std::vector<Place>& places) {
  Extent extent;
  const Status status = AddExtent(files, log, &extent);
  const std::string seen =
      status.ok()
          ? StrCat(extent.files, extent.files == 1 ? " file, " : " files, ", extent.bytes, " bytes")
          : status.message();
  ASSIGN_OR_RETURN(const std::vector<std::string> all_seen, all.AllGather(seen));
  std::string found;
  if (status.ok() && extent.files > 0 && IsFirstOfHost(all.rank(), places)) {
    const auto speed = ReadSpeed(files, extent);
    found = speed.ok() ? Speed(*speed) : speed.status().message();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> by_rank, all.AllGather(found));
  std::map<std::string, std::vector<std::string>> kinds;
  for (size_t rank = 0; rank < all_seen.size(); ++rank) {
    kinds[all_seen[rank]].push_back(StrCat(rank, " on ", places[rank].node));
  }
  if (kinds.size() == 1 && status.ok()) {
    const std::string speeds = ByHost(by_rank, places);
    return Finding{
        Kind::kFine, "folders",
        StrCat(log, ": ", seen, speeds.empty() ? "" : ", read (perhaps from memory) by ", speeds),
        ""};
  }
  std::vector<std::string> texts;
  for (const auto& [kind, ranks] : kinds)
    texts.push_back(StrCat("ranks ", Join(ranks, ", "), ": ", kind));
  return Finding{Kind::kWrong, "folders", StrCat(log, ": ", Join(texts, "; ")),
                 "all ranks need the same log under the same path"};
}

}  // namespace

Result<std::vector<Finding>> CheckFolders(Communicator& all, FileSystem& files,
                                          const TrainConfig& config,
                                          const std::vector<Place>& places) {
  std::vector<Finding> findings;
  if (!config.checkpoint().directory().empty()) {
    ASSIGN_OR_RETURN(Finding finding,
                     CheckCheckpoints(all, files, config.checkpoint().directory(), places));
    findings.push_back(std::move(finding));
  }
  for (const auto* logs : {&config.data().log(), &config.evaluate().log()}) {
    for (const std::string& log : *logs) {
      ASSIGN_OR_RETURN(Finding finding, CheckLog(all, files, log, places));
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace chorus::launch
