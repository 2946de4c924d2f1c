#include "worker/step_engine.h"

#include <algorithm>
#include <utility>

#include "worker/device_choice.h"
#include "worker/device_step_engine.h"
#include "worker/session.h"
#include "worker/step_compute.h"

namespace chorus::worker {

uint32_t MostPartials(const Objective& objective) {
  uint32_t most = 0;
  for (uint32_t stage = 0; stage < objective.shape().stages(); ++stage) {
    most = std::max(most, objective.partials(stage));
  }
  return most;
}

Result<std::unique_ptr<StepEngine>> NewStepEngine(Session* session, uint32_t extras) {
  ASSIGN_OR_RETURN(std::unique_ptr<Device> device,
                   ChooseDevice(session->config().compute(), session->environment()));
  if (device != nullptr) return NewDeviceStepEngine(session, std::move(device), extras);
  return std::unique_ptr<StepEngine>(std::make_unique<StepCompute>(session, extras));
}

}  // namespace chorus::worker
