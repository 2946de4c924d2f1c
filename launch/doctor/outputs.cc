#include "launch/doctor/outputs.h"

#include <algorithm>
#include <memory>
#include <string>

#include "common/strings.h"
#include "launch/job/monitor.h"

namespace chorus::launch {
namespace {

using Kind = Finding::Kind;

// What each rank found, "" for nothing, on the first rank.
Result<Finding> Gather(Communicator& all, const std::string& what, std::string trouble,
                       const std::string& remedy, const std::vector<Place>& places) {
  std::replace(trouble.begin(), trouble.end(), '\n', ' ');
  ASSIGN_OR_RETURN(const std::vector<std::string> found, all.AllGather(trouble));
  std::vector<std::string> wrong;
  for (size_t rank = 0; rank < found.size(); ++rank) {
    if (found[rank].empty()) continue;
    wrong.push_back(all.size() == 1
                        ? found[rank]
                        : StrCat("rank ", rank, " on ", places[rank].node, ": ", found[rank]));
  }
  if (wrong.empty()) return Finding{Kind::kFine, "reports", what, ""};
  return Finding{Kind::kWrong, "reports", StrCat(what, ": ", Join(wrong, "; ")), remedy};
}

// As the report itself takes the path: a pipe or a device is written in place.
Status TryMetrics(FileSystem& files, const std::string& path, uint32_t rank) {
  ASSIGN_OR_RETURN(const FileSystem::Target target, files.TargetOf(path));
  return target.in_place ? Status::Ok() : TryFolder(files, DirectoryOf(target.path), rank);
}

Status TryPort(const std::string& address, uint32_t rank) {
  return Monitor::Open(address, rank, "doctor", "").status();
}

}  // namespace

Status TryFolder(FileSystem& files, const std::string& folder, uint32_t rank) {
  RETURN_IF_ERROR(files.CreateDirectories(folder));
  const std::string path = JoinPath(folder, StrCat(".doctor-", rank));
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, files.Create(path));
  const Status closed = file->Close();
  RETURN_IF_ERROR(files.Remove(path));
  return closed;
}

Result<std::vector<Finding>> CheckReports(Communicator& all, FileSystem& files,
                                          const ReportConfig& config, bool is_first_worker,
                                          const std::vector<Place>& places) {
  std::vector<Finding> findings;
  const auto check = [&](const std::string& field, const std::string& value, const Status& tried,
                         const std::string& remedy) -> Status {
    ASSIGN_OR_RETURN(Finding finding,
                     Gather(all, StrCat(field, " ", value), tried.message(), remedy, places));
    findings.push_back(std::move(finding));
    return Status::Ok();
  };
  const uint32_t rank = all.rank();
  if (const std::string& path = config.metrics(); !path.empty()) {
    RETURN_IF_ERROR(check("report.metrics", path,
                          is_first_worker ? TryMetrics(files, path, rank) : Status::Ok(),
                          "name a file in a folder that can be made and written in"));
  }
  if (const std::string& folder = config.tensorboard(); !folder.empty()) {
    RETURN_IF_ERROR(check("report.tensorboard", folder,
                          is_first_worker ? TryFolder(files, folder, rank) : Status::Ok(),
                          "name a folder that can be made and written in"));
  }
  if (const std::string& path = config.trace().file(); !path.empty()) {
    RETURN_IF_ERROR(check("report.trace.file", path,
                          rank == 0 ? TryMetrics(files, path, rank) : Status::Ok(),
                          "name a file in a folder that can be made and written in"));
  }
  if (const std::string& address = config.prometheus(); !address.empty()) {
    RETURN_IF_ERROR(check("report.prometheus", address, TryPort(address, rank),
                          "\":PORT\" of ports that are free on every host, one for each rank"));
  }
  return findings;
}

}  // namespace chorus::launch
