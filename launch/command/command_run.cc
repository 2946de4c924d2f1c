// `chorus run`: a training job that is started again when a part of it is lost.

#include <unistd.h>

#include <array>

#include "common/config.h"
#include "common/file.h"
#include "common/log.h"
#include "common/stop_signal.h"
#include "common/strings.h"
#include "launch/command/commands.h"
#include "launch/run/run_job.h"

namespace chorus::launch {
namespace {

Result<std::string> ThisProgram() {
  std::array<char, 4096> path;
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return Internal("/proc/self/exe does not say where this program is");
  return std::string(path.data(), static_cast<size_t>(size));
}

// Ranks without which there is nobody to serve, or nobody to work.
uint32_t FewestRanks(const ClusterConfig& cluster) {
  return cluster.placement() == ClusterConfig::DEDICATED ? cluster.servers() + 1 : 1;
}

Status SetHosts(const RunArguments& arguments, RestartableJob* plan) {
  if (!arguments.hosts.empty()) {
    ASSIGN_OR_RETURN(plan->hosts, ParseHosts(arguments.hosts));
  } else if (!arguments.hostfile.empty()) {
    ASSIGN_OR_RETURN(plan->hosts, ReadHostFile(PosixFiles(), arguments.hostfile));
  }
  plan->ranks = arguments.ranks > 0 ? arguments.ranks : plan->min_ranks;
  const uint32_t most = plan->hosts.empty() ? plan->ranks : SlotsOf(plan->hosts);
  if (most >= plan->min_ranks) return Status::Ok();
  return InvalidArgument(StrCat("there are ", most, " ranks, and the job needs ", plan->min_ranks,
                                " (cluster.servers and a worker, or --min-ranks)"));
}

Status SetCommand(const RunArguments& arguments, RestartableJob* plan) {
  ASSIGN_OR_RETURN(const std::string program, ThisProgram());
  plan->command = {program, "train"};
  if (!arguments.config.config_file.empty()) {
    plan->command.insert(plan->command.end(), {"--config", arguments.config.config_file});
  }
  for (const std::string& set : arguments.config.sets) {
    plan->command.insert(plan->command.end(), {"--set", set});
  }
  plan->resumes = arguments.resume;
  plan->resume = {"--resume"};
  if (arguments.fallback) plan->resume.push_back("--fallback");
  return Status::Ok();
}

Result<RestartableJob> PlanOf(const RunArguments& arguments) {
  ASSIGN_OR_RETURN(const TrainConfig config,
                   LoadTrainConfig(arguments.config.config_file, arguments.config.sets));
  RestartableJob plan;
  plan.checkpoint_directory = config.checkpoint().directory();
  if (plan.checkpoint_directory.empty()) {
    return InvalidArgument(
        "checkpoint.directory is not set: a job that is started again would begin from nothing");
  }
  for (const std::string& word : Split(arguments.launcher, ' ')) {
    if (!word.empty()) plan.launcher.push_back(word);
  }
  if (plan.launcher.empty()) return InvalidArgument("--launcher: no program");
  const uint32_t fewest = FewestRanks(config.cluster());
  if (arguments.min_ranks > 0 && arguments.min_ranks < fewest) {
    return InvalidArgument(StrCat("--min-ranks ", arguments.min_ranks, ": the job needs ", fewest,
                                  " (cluster.servers and a worker)"));
  }
  plan.min_ranks = arguments.min_ranks > 0 ? arguments.min_ranks : fewest;
  plan.max_restarts = arguments.max_restarts;
  RETURN_IF_ERROR(SetHosts(arguments, &plan));
  RETURN_IF_ERROR(SetCommand(arguments, &plan));
  return plan;
}

}  // namespace

Status RunRun(const RunArguments& arguments, int* exit_code) {
  ASSIGN_OR_RETURN(const RestartableJob plan, PlanOf(arguments));
  SetLogName("run");
  CatchStopSignals();
  return RunUntilDone(PosixFiles(), plan, exit_code);
}

}  // namespace chorus::launch
