#include "worker/train/engine_choice.h"

#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/collective/first_cause.h"
#include "worker/engine/cpu/cpu_engine.h"
#include "worker/engine/device/device_choice.h"
#include "worker/engine/device/device_engine.h"

namespace chorus::worker {
namespace {

std::string Describe(const DeviceInfo& info) {
  return StrCat("CUDA device ", info.index, ": ", info.name, ", ", info.memory_bytes >> 20,
                " MiB, ", info.versions);
}

}  // namespace

Result<std::unique_ptr<Engine>> NewEngine(const EngineContext& context, const OpenDevice& open) {
  const ComputeConfig& compute = context.config->compute();
  ASSIGN_OR_RETURN(std::unique_ptr<Device> device,
                   ChooseDevice(*context.config, open, context.workers));
  if (device == nullptr) return CpuEngine::Create(context);
  const std::string found = Describe(device->info());
  Result<std::unique_ptr<Engine>> engine = NewDeviceEngine(context, std::move(device));
  ASSIGN_OR_RETURN(const std::string cause, FirstCause(engine.status(), context.workers));
  if (cause.empty()) {
    LogInfo("computing on ", found, ", products in ",
            ComputeConfig::Precision_Name(compute.precision()));
    return engine;
  }
  if (compute.backend() == ComputeConfig::CUDA) {
    return engine.ok() ? FailedPrecondition(cause) : engine.status();
  }
  if (engine.ok()) engine.value().reset();  // another worker's device failed
  if (context.workers->rank() == 0) LogWarning("computing on the CPU: ", cause);
  return CpuEngine::Create(context);
}

}  // namespace chorus::worker
