// What does a step of a job cost on GPUs, and what bounds it? A model on paper: counts come from a
// dry run, times from makers' datasheets (hardware.h). README.md in perf/ gives the columns.
//   gpu_model [a job: job_options.h] [--gpu NAME] [--gpus N,N,...] [--servers N,N,...]

#include <cstdio>
#include <string>
#include <vector>

#include "common/log.h"
#include "perf/gpu_model/model_options.h"
#include "perf/gpu_model/model_report.h"

namespace chorus::perf {

using namespace gpu;
namespace {

Status PrintModel(const ModelOptions& options, JobSource* source) {
  for (const uint32_t gpus : options.gpus) {
    JobModelOptions job = options.job.job;
    job.gpus = gpus;
    RETURN_IF_ERROR(source->WriteLog(job));
    ASSIGN_OR_RETURN(JobModel model, ModelJob(source->config, source->files(), job));
    Cluster cluster = {options.gpu, gpus, 1, source->config.compute().precision(),
                       source->config.compute().cuda().reproducible()};
    for (const uint32_t servers : options.servers) {
      RETURN_IF_ERROR(AddTraffic(gpus, servers, &model));
      if (gpus == options.gpus.front() && servers == options.servers.front()) {
        PrintStep(model);
        PrintPhases(model, *options.gpu);
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
  if (AsksForHelp(arguments)) {
    std::printf("%s%s", kModelHelp, kJobOptionsHelp);
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(ModelOptions options, ParseModelOptions(arguments));
  SetLogLevel(LogLevel::kWarning);
  ASSIGN_OR_RETURN(JobSource source, SourceOf(options.job));
  const Anchor* const anchor = source.anchor;
  if (anchor != nullptr) {
    std::printf("%s: %s; published: %.0fk exposures/s\n", anchor->name, anchor->what,
                anchor->exposures_per_s * 1e-3);
  }
  if (options.gpu == nullptr) options.gpu = FindGpu(anchor != nullptr ? anchor->gpu : "A100-80");
  if (options.gpus.empty() && anchor != nullptr) options.gpus = {anchor->gpus};
  if (options.gpus.empty()) options.gpus = {1, 2, 4, 8};
  std::printf("peaks: %s\n", options.gpu->source.c_str());
  return PrintModel(options, &source);
}

}  // namespace
}  // namespace chorus::perf

int main(int argc, char** argv) {
  return chorus::perf::ExitCode("gpu_model", chorus::perf::Main({argv + 1, argv + argc}));
}
