#include "worker/meet_devices.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

std::string Node() {
  char name[HOST_NAME_MAX + 1] = "";
  static_cast<void>(gethostname(name, sizeof(name) - 1));
  return name;
}

// Whether an error may come of another worker's.
bool IsConsequence(Code code) {
  return code == Code::kAborted || code == Code::kUnavailable || code == Code::kDeadlineExceeded;
}

// An error of a worker, if there is any, or ""; the same on every one of them. The first by rank of
// those that are no consequence of another's, else the first.
Result<std::string> FirstCause(const Status& mine, const Device& device, Collective* hosts) {
  const std::string answer =
      mine.ok() ? ""
                : StrCat(IsConsequence(mine.code()) ? "C" : "E", "worker ", hosts->rank(), " on ",
                         Node(), ", device ", device.info().index, ": ", mine.message());
  ASSIGN_OR_RETURN(std::vector<std::string> answers, hosts->Gather(answer, 0));
  std::erase(answers, "");
  std::stable_partition(answers.begin(), answers.end(),
                        [](const std::string& error) { return error[0] == 'E'; });
  return hosts->Broadcast(answers.empty() ? "" : answers[0].substr(1), 0);
}

// error: becomes why there is no collective.
Result<DeviceCollective*> Meet(DeviceCollectiveOptions options, Device* device, Collective* hosts,
                               std::string* error) {
  DeviceCollective* const none = nullptr;
  options.rank = hosts->rank();
  Result<std::string> id = std::string();
  Status ready = device->CheckCollective();
  if (ready.ok() && options.rank == 0) {
    id = device->NewCollectiveId();
    ready = id.status();
  }
  ASSIGN_OR_RETURN(*error, FirstCause(ready, *device, hosts));
  if (!error->empty()) return none;
  ASSIGN_OR_RETURN(options.id, hosts->Broadcast(*id, 0));
  const Result<DeviceCollective*> met = device->OpenCollective(options);
  ASSIGN_OR_RETURN(*error, FirstCause(met.status(), *device, hosts));
  return error->empty() ? met.value() : none;
}

}  // namespace

Result<DeviceCollective*> MeetDevices(const CudaConfig& config, DeviceCollectiveOptions options,
                                      Device* device, Collective* hosts) {
  DeviceCollective* const none = nullptr;
  const bool required = config.collective() == CudaConfig::NCCL;
  // NCCL has a device to itself.
  if (!required && (config.collective() == CudaConfig::HOST || config.share_devices())) return none;
  std::string error;
  ASSIGN_OR_RETURN(DeviceCollective* const collective,
                   Meet(std::move(options), device, hosts, &error));
  if (error.empty()) return collective;
  if (required) return FailedPrecondition(StrCat("compute.cuda.collective is NCCL: ", error));
  if (hosts->rank() == 0) LogInfo("summing gradients on the hosts: ", error);
  return none;
}

}  // namespace chorus::worker
