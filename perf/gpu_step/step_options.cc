#include "perf/gpu_step/step_options.h"

#include <filesystem>
#include <map>
#include <system_error>

#include "common/strings.h"

namespace chorus::perf {
namespace {

Status OutOf(const char* name, uint32_t value, int devices, int least) {
  return InvalidArgument(StrCat(name, " ", value, ": allowed are ", least, " to ",
                                devices - 1 + least, ", since this process sees ", devices,
                                devices == 1 ? " device" : " devices"));
}

}  // namespace

const char kStepHelp[] =
    "gpu_step [a job] [--library PATH] [--device N] [--timed-steps N] [--product N] [--copy-mb N]\n"
    "         [--gpus N]\n"
    "How fast steps are on a CUDA device, and where their time goes; perf/README.md gives the "
    "figures.\n"
    "  --library PATH           the CUDA backend (compute.cuda.library)\n"
    "  --device N               which device (0)\n"
    "  --timed-steps N          (50)\n"
    "  --product N  --copy-mb N of the device's limits: an N x N x N product (4096), copies (256)\n"
    "  --gpus N                 above 1: also sums among the first N devices (1)\n";

Result<StepOptions> ParseStepOptions(const std::vector<std::string>& arguments) {
  StepOptions options;
  uint32_t product = static_cast<uint32_t>(options.limits.product);
  uint32_t copy_mb = static_cast<uint32_t>(options.limits.copy_bytes >> 20);
  struct Number {
    uint32_t* to;
    CountRange range;
  };
  const std::map<std::string, Number> numbers = {
      {"--device", {&options.device, {0, 1023}}},
      {"--timed-steps", {&options.timed_steps, {1, 1000000}}},
      {"--product", {&product, {1, 32768}}},
      {"--copy-mb", {&copy_mb, {1, 65536}}},
      {"--gpus", {&options.gpus, {1, 1024}}}};
  ASSIGN_OR_RETURN(const std::vector<Option> pairs, OptionsOf(arguments));
  for (const Option& option : pairs) {
    if (option.first == "--library") {
      options.library = option.second;
    } else if (const auto number = numbers.find(option.first); number != numbers.end()) {
      ASSIGN_OR_RETURN(*number->second.to, CountOf(option, number->second.range));
    } else {
      RETURN_IF_ERROR(SetJobOption(option, &options.job));
    }
  }
  options.limits = {product, size_t{copy_mb} << 20};
  return options;
}

Status CheckDevices(const StepOptions& options, const worker::DeviceInfo& info) {
  const auto devices = static_cast<uint32_t>(info.devices);
  if (options.device >= devices) return OutOf("--device", options.device, info.devices, 0);
  if (options.gpus > devices) return OutOf("--gpus", options.gpus, info.devices, 1);
  return Status::Ok();
}

std::string LibraryOfBuild(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return name;
  const std::filesystem::path library = program.parent_path().parent_path() / name;
  return std::filesystem::exists(library, error) ? library.string() : name;
}

}  // namespace chorus::perf
