#include "worker/train/run_head.h"

#include <string_view>

#include "common/config.h"
#include "common/json.h"
#include "common/log.h"
#include "common/process_name.h"

namespace chorus::worker {
namespace {

// "2026-03-01 09:30 UTC": without the seconds.
std::string Now() {
  constexpr size_t kSize = std::string_view("2026-03-01 09:30").size();
  return UtcNow().substr(0, kSize) + " UTC";
}

}  // namespace

RunHead MakeRunHead(const TrainConfig& config, const std::string& method, uint64_t exposures,
                    uint64_t steps) {
  RunHead head;
  head.set_method(method);
  head.set_config(PrintConfig(config));
  for (const std::string& path : config.data().log()) head.add_log(path);
  head.set_exposures(exposures);
  for (const std::string& path : config.evaluate().log()) head.add_test_log(path);
  head.set_steps(steps);
  head.set_began(Now());
  return head;
}

Status WriteRunHead(FileSystem& files, const std::string& metrics, bool resumes, RunHead head) {
  if (metrics.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const FileSystem::Target target, files.TargetOf(metrics));
  if (target.in_place) return Status::Ok();
  const std::string path = RunHeadPath(metrics);
  const std::string before = resumes ? ReadRunHead(files, metrics).began() : "";
  if (!before.empty()) head.set_began(before);
  const Result<std::string> line = ToJson(head);
  const Status written = line.ok() ? ReplaceFile(files, path, *line + "\n") : line.status();
  if (!written.ok()) LogWarning(path, " is not written: ", written.message());
  return Status::Ok();
}

}  // namespace chorus::worker
