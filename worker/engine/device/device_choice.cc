#include "worker/engine/device/device_choice.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/log.h"
#include "common/proto_enum.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

// What a worker tells worker 0: its device's id, or why it has none.
constexpr char kFound = 'D';
constexpr char kNone = 'E';

// Why the workers cannot all compute on devices; "": they can.
std::string Objection(const std::vector<std::string>& answers, bool may_share) {
  for (size_t w = 0; w < answers.size(); ++w) {
    if (answers[w].front() == kFound) continue;
    return answers.size() == 1 ? answers[w].substr(1)
                               : StrCat("worker ", w, ": ", answers[w].substr(1));
  }
  for (size_t w = 0; w < answers.size() && !may_share; ++w) {
    const auto first = std::find(answers.begin(), answers.end(), answers[w]);
    if (first == answers.begin() + static_cast<int64_t>(w)) continue;
    return StrCat("workers ", first - answers.begin(), " and ", w, " have the same device (",
                  answers[w].substr(1),
                  "): start at most as many workers on a node as it has devices, or set "
                  "compute.cuda.share_devices");
  }
  return "";
}

Result<std::string> ObjectionOfAll(const std::string& answer, bool may_share,
                                   Collective* collective) {
  ASSIGN_OR_RETURN(const std::vector<std::string> answers, collective->Gather(answer, 0));
  return collective->Broadcast(answers.empty() ? "" : Objection(answers, may_share), 0);
}

}  // namespace

DevicePrecision DevicePrecisionOf(ComputeConfig::Precision precision) {
  switch (precision) {
    case ComputeConfig::TF32:
      return DevicePrecision::kTf32;
    case ComputeConfig::BF16:
      return DevicePrecision::kBf16;
    case ComputeConfig::FP32:
    case ComputeConfig::PRECISION_UNSPECIFIED:
      return DevicePrecision::kFp32;
    case NO_VALUE_OF(ComputeConfig_Precision_ComputeConfig_Precision):
      break;
  }
  CHECK(false, "no precision: ", precision);
}

Result<std::unique_ptr<Device>> ChooseDevice(const TrainConfig& job, const OpenDevice& open,
                                             Collective* workers) {
  const ComputeConfig& config = job.compute();
  std::unique_ptr<Device> none;
  const bool required = config.backend() == ComputeConfig::CUDA;
  if (!required && config.backend() != ComputeConfig::AUTO) return none;
  if (open == nullptr) {
    if (required) return FailedPrecondition("compute.backend is CUDA, but this job has no devices");
    return none;
  }
  DeviceOptions options;
  options.rank = workers->rank();
  options.precision = DevicePrecisionOf(config.precision());
  options.library = config.cuda().library();
  options.optional = !required;
  options.deadline_seconds = DeviceDeadline(job);
  Result<std::unique_ptr<Device>> device = open(options);
  const std::string answer =
      device.ok() ? kFound + (*device)->info().id : kNone + std::string(device.status().message());
  ASSIGN_OR_RETURN(const std::string objection,
                   ObjectionOfAll(answer, config.cuda().share_devices(), workers));
  if (objection.empty()) return device;
  if (required) {
    const Status status = device.ok() ? FailedPrecondition(objection) : device.status();
    return status.Annotate("compute.backend is CUDA");
  }
  if (options.rank == 0) LogInfo("computing on the CPU: ", objection);
  return none;
}

}  // namespace chorus::worker
