// What does a step of a job cost on GPUs, and what bounds it? A model on paper: counts come from a
// dry run, times from what makers print (hardware.h). README.md in perf/ gives the columns.
//   gpu_model [a job: job_options.h] [--gpu NAME] [--gpus N,N,...] [--servers N,N,...]

#include <cstdio>
#include <string>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "perf/gpu_model/job_options.h"
#include "perf/gpu_model/model_report.h"

namespace chorus::perf {
namespace {

struct Options {
  JobOptions job;
  std::string gpu;
  std::vector<uint32_t> gpus;
  std::vector<uint32_t> servers = {1, 2, 4};
};

Result<std::vector<uint32_t>> CountsOf(const std::string& name, const std::string& value) {
  std::vector<uint32_t> counts;
  for (const std::string& part : Split(value, ',')) {
    ASSIGN_OR_RETURN(const uint32_t count, CountOf(name, part));
    if (count == 0) return InvalidArgument(StrCat(name, " ", value));
    counts.push_back(count);
  }
  return counts;
}

Result<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    if (i + 1 == arguments.size()) return InvalidArgument(StrCat(name, ": no value"));
    const std::string& value = arguments[i + 1];
    if (name == "--gpu") {
      options.gpu = value;
    } else if (name == "--gpus") {
      ASSIGN_OR_RETURN(options.gpus, CountsOf(name, value));
    } else if (name == "--servers") {
      ASSIGN_OR_RETURN(options.servers, CountsOf(name, value));
    } else {
      RETURN_IF_ERROR(SetJobOption(name, value, &options.job));
    }
  }
  return options;
}

Result<const Gpu*> KnownGpu(const std::string& name) {
  const Gpu* const gpu = FindGpu(name);
  if (gpu != nullptr) return gpu;
  std::vector<std::string> known;
  for (const Gpu& one : Gpus()) known.emplace_back(one.name);
  return NotFound(StrCat("--gpu ", name, ": known are ", Join(known, ", ")));
}

Status PrintModel(const Options& options, const Gpu& gpu, JobSource* source) {
  for (const uint32_t gpus : options.gpus) {
    JobModelOptions job = options.job.job;
    job.gpus = gpus;
    RETURN_IF_ERROR(source->WriteLog(job));
    ASSIGN_OR_RETURN(JobModel model, ModelJob(source->config, source->files(), job));
    Cluster cluster = {&gpu, gpus, 1, source->config.compute().cuda().precision(),
                       source->config.compute().cuda().reproducible()};
    for (const uint32_t servers : options.servers) {
      RETURN_IF_ERROR(AddTraffic(gpus, servers, &model));
      if (gpus == options.gpus.front() && servers == options.servers.front()) {
        PrintStep(model);
        PrintPhases(model, gpu);
        PrintClusterHeader();
      }
      cluster.servers = servers;
      PrintCluster(model, cluster);
    }
    if (gpus == options.gpus.back()) PrintWhatIfs(model, cluster);
  }
  return Status::Ok();
}

Status Main(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(Options options, ParseOptions(arguments));
  SetLogLevel(LogLevel::kWarning);
  ASSIGN_OR_RETURN(JobSource source, SourceOf(options.job));
  const Anchor* const anchor = source.anchor;
  if (anchor != nullptr) {
    std::printf("%s: %s; published: %.0fk exposures/s\n", anchor->name, anchor->what,
                anchor->exposures_per_s * 1e-3);
  }
  if (options.gpu.empty()) options.gpu = anchor != nullptr ? anchor->gpu : "A100-80";
  if (options.gpus.empty() && anchor != nullptr) options.gpus = {anchor->gpus};
  if (options.gpus.empty()) options.gpus = {1, 2, 4, 8};
  ASSIGN_OR_RETURN(const Gpu* const gpu, KnownGpu(options.gpu));
  std::printf("peaks: %s\n", gpu->source);
  return PrintModel(options, *gpu, &source);
}

}  // namespace
}  // namespace chorus::perf

int main(int argc, char** argv) {
  const chorus::Status status = chorus::perf::Main({argv + 1, argv + argc});
  if (status.ok()) return 0;
  std::fprintf(stderr, "gpu_model: %s\n", status.ToString().c_str());
  return 1;
}
