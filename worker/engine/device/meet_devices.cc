#include "worker/engine/device/meet_devices.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/node_name.h"
#include "common/strings.h"
#include "worker/collective/first_cause.h"

namespace chorus::worker {
namespace {

Status Named(Status status, const Device& device, const Collective& hosts) {
  if (status.ok()) return status;
  return status.Annotate(
      StrCat("worker ", hosts.rank(), " on ", NodeName(), ", device ", device.info().index));
}

// Whether two workers have one device; the same answer on all of them.
Result<bool> DevicesAreShared(const Device& device, Collective* hosts) {
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, hosts->Gather(device.info().id, 0));
  const bool shared = std::set<std::string>(ids.begin(), ids.end()).size() < ids.size();
  ASSIGN_OR_RETURN(const std::string answer, hosts->Broadcast(shared ? "shared" : "", 0));
  return !answer.empty();
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
  ASSIGN_OR_RETURN(*error, FirstCause(Named(ready, *device, *hosts), hosts));
  if (!error->empty()) return none;
  ASSIGN_OR_RETURN(options.id, hosts->Broadcast(*id, 0));
  const Result<DeviceCollective*> met = device->OpenCollective(options);
  ASSIGN_OR_RETURN(*error, FirstCause(Named(met.status(), *device, *hosts), hosts));
  return error->empty() ? met.value() : none;
}

}  // namespace

Result<DeviceCollective*> MeetDevices(const CudaConfig& config, DeviceCollectiveOptions options,
                                      Device* device, Collective* hosts) {
  DeviceCollective* const none = nullptr;
  const bool required = config.collective() == CudaConfig::NCCL;
  if (config.collective() == CudaConfig::HOST) return none;
  if (!required && config.share_devices()) {
    ASSIGN_OR_RETURN(const bool shared, DevicesAreShared(*device, hosts));
    if (shared && hosts->rank() == 0) {
      LogInfo("summing gradients on the hosts: NCCL needs a device for each worker");
    }
    if (shared) return none;
  }
  std::string error;
  ASSIGN_OR_RETURN(DeviceCollective* const collective,
                   Meet(std::move(options), device, hosts, &error));
  if (error.empty()) {
    if (hosts->rank() == 0) {
      LogInfo("summing gradients among the devices, by NCCL",
              config.reproducible() ? "" : ", in its own order: sums are not reproducible");
    }
    return collective;
  }
  if (required) return FailedPrecondition(StrCat("compute.cuda.collective is NCCL: ", error));
  if (hosts->rank() == 0) LogInfo("summing gradients on the hosts: ", error);
  return none;
}

}  // namespace chorus::worker
