#include "worker/step_engine.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/device_choice.h"
#include "worker/device_step_engine.h"
#include "worker/first_cause.h"
#include "worker/session.h"
#include "worker/step_compute.h"

namespace chorus::worker {
namespace {

std::string Describe(const DeviceInfo& info) {
  return StrCat("CUDA device ", info.index, ": ", info.name, ", ", info.memory_bytes >> 20,
                " MiB, ", info.versions);
}

std::unique_ptr<StepEngine> NewHostEngine(Session* session, uint32_t extras) {
  return std::make_unique<StepCompute>(session, extras);
}

}  // namespace

uint32_t MostPartials(const Objective& objective) {
  uint32_t most = 0;
  for (uint32_t stage = 0; stage < objective.shape().stages(); ++stage) {
    most = std::max(most, objective.partials(stage));
  }
  return most;
}

Result<std::unique_ptr<StepEngine>> NewStepEngine(Session* session, uint32_t extras) {
  ASSIGN_OR_RETURN(std::unique_ptr<Device> device,
                   ChooseDevice(session->config(), session->environment()));
  if (device == nullptr) return NewHostEngine(session, extras);
  const std::string found = Describe(device->info());
  Result<std::unique_ptr<StepEngine>> engine =
      NewDeviceStepEngine(session, std::move(device), extras);
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
