#include "worker/train/engine_choice.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/collective/first_cause.h"
#include "worker/engine/cpu/cpu_engine.h"
#include "worker/engine/device/device_choice.h"
#include "worker/engine/device/device_engine.h"
#include "worker/train/session.h"

namespace chorus::worker {
namespace {

std::string Describe(const DeviceInfo& info) {
  return StrCat("CUDA device ", info.index, ": ", info.name, ", ", info.memory_bytes >> 20,
                " MiB, ", info.versions);
}

std::unique_ptr<Engine> NewHostEngine(Session* session, uint32_t extras) {
  return std::make_unique<CpuEngine>(session, extras);
}

}  // namespace

Result<std::unique_ptr<Engine>> NewEngine(Session* session, uint32_t extras) {
  ASSIGN_OR_RETURN(std::unique_ptr<Device> device,
                   ChooseDevice(session->config(), session->environment()));
  if (device == nullptr) return NewHostEngine(session, extras);
  const std::string found = Describe(device->info());
  Result<std::unique_ptr<Engine>> engine = NewDeviceEngine(session, std::move(device), extras);
  Collective* const workers = session->environment().collective;
  ASSIGN_OR_RETURN(const std::string cause, FirstCause(engine.status(), workers));
  if (cause.empty()) {
    LogInfo("computing on ", found, ", products in ",
            CudaConfig::Precision_Name(session->config().compute().cuda().precision()));
    return engine;
  }
  if (session->config().compute().backend() == ComputeConfig::CUDA) {
    return engine.ok() ? FailedPrecondition(cause) : engine.status();
  }
  if (engine.ok()) engine.value().reset();  // another worker's device failed
  if (workers->rank() == 0) LogWarning("computing on the CPU: ", cause);
  return NewHostEngine(session, extras);
}

}  // namespace chorus::worker
