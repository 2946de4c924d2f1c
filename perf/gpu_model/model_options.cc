#include "perf/gpu_model/model_options.h"

#include <bit>

#include "common/strings.h"

namespace chorus::perf {

using namespace gpu;
namespace {

Result<std::vector<uint32_t>> CountsOf(const Option& option, const CountRange& range) {
  std::vector<uint32_t> counts;
  for (const std::string& part : Split(option.second, ',')) {
    ASSIGN_OR_RETURN(counts.emplace_back(), CountOf({option.first, part}, range));
  }
  return counts;
}

// A worker's grains are a node of the canonical tree of all of them.
Result<std::vector<uint32_t>> GpusOf(const Option& option) {
  std::vector<uint32_t> gpus;
  for (const std::string& part : Split(option.second, ',')) {
    const Result<uint32_t> count = CountOf({option.first, part}, {1, kMostGpus});
    if (!count.ok() || !std::has_single_bit(*count)) {
      return InvalidArgument(StrCat(option.first, " ", option.second,
                                    ": allowed are powers of two from 1 to ", kMostGpus));
    }
    gpus.push_back(*count);
  }
  return gpus;
}

Result<const Gpu*> KnownGpu(const Option& option) {
  const Gpu* const gpu = FindGpu(option.second);
  if (gpu != nullptr) return gpu;
  std::vector<std::string> known;
  for (const Gpu& one : Gpus()) known.emplace_back(one.name);
  return InvalidArgument(
      StrCat(option.first, " ", option.second, ": allowed are ", Join(known, ", ")));
}

}  // namespace

const char kModelHelp[] =
    "gpu_model [a job] [--gpu NAME] [--gpus N,N,...] [--servers N,N,...]\n"
    "What a step of a job would cost on GPUs, and what bounds it; perf/README.md gives the "
    "columns.\n"
    "  --gpu NAME               A100-80, unless --anchor has another\n"
    "  --gpus N,N,...           powers of two (1,2,4,8)\n"
    "  --servers N,N,...        (1,2,4)\n";

Result<ModelOptions> ParseModelOptions(const std::vector<std::string>& arguments) {
  ModelOptions options;
  ASSIGN_OR_RETURN(const std::vector<Option> pairs, OptionsOf(arguments));
  for (const Option& option : pairs) {
    if (option.first == "--gpu") {
      ASSIGN_OR_RETURN(options.gpu, KnownGpu(option));
    } else if (option.first == "--gpus") {
      ASSIGN_OR_RETURN(options.gpus, GpusOf(option));
    } else if (option.first == "--servers") {
      ASSIGN_OR_RETURN(options.servers, CountsOf(option, {1, 4096}));
    } else if (option.first == "--steps") {
      ASSIGN_OR_RETURN(options.job.job.steps, CountOf(option, {2, 10000}));  // see read_seconds
    } else {
      RETURN_IF_ERROR(SetJobOption(option, &options.job));
    }
  }
  return options;
}

}  // namespace chorus::perf
