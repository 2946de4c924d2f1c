// `chorus run`: a training job that is started again when a part of it is lost.

#include "common/config.h"
#include "common/file.h"
#include "common/log.h"
#include "common/stop_signal.h"
#include "common/strings.h"
#include "launch/command/commands.h"
#include "launch/job/usual_launcher.h"
#include "launch/run/run_job.h"

namespace chorus::launch {
namespace {

// A host that vanishes is noticed in a minute, not in a quarter of an hour.
std::vector<std::string> LastingLauncher() {
  std::vector<std::string> words = UsualLauncher();
  words.insert(words.end(),
               {"--mca", "oob_tcp_keepalive_time", "30", "--mca", "oob_tcp_keepalive_intvl", "10",
                "--mca", "oob_tcp_keepalive_probes", "3"});
  return words;
}

// Ranks without which there is nobody to serve, or nobody to work.
uint32_t FewestRanks(const ClusterConfig& cluster) {
  return cluster.placement() == ClusterConfig::DEDICATED ? cluster.servers() + 1 : 1;
}

Status SetHosts(const RunArguments& arguments, RestartableJob* plan) {
  if (arguments.hosts.has_value()) {
    ASSIGN_OR_RETURN(plan->hosts, ParseHosts(*arguments.hosts));
  } else if (arguments.hostfile.has_value()) {
    ASSIGN_OR_RETURN(plan->hosts, ReadHostFile(PosixFiles(), *arguments.hostfile));
  }
  plan->ranks = arguments.ranks > 0 ? arguments.ranks : plan->min_ranks;
  const uint32_t most = plan->hosts.empty() ? plan->ranks : RanksOf(plan->hosts);
  if (most >= plan->min_ranks) return Status::Ok();
  return InvalidArgument(StrCat("ranks: there would be ", most, ", and the job needs ",
                                plan->min_ranks,
                                " (cluster.servers and a worker, or --min-ranks)"));
}

Status SetCommand(const RunArguments& arguments, RestartableJob* plan) {
  ASSIGN_OR_RETURN(const std::string program, OwnProgram());
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
  plan.launcher = arguments.launcher.empty() ? LastingLauncher() : LauncherOf(arguments.launcher);
  if (plan.launcher.empty()) return InvalidArgument("--launcher: no program");
  const uint32_t fewest = FewestRanks(config.cluster());
  if (arguments.min_ranks > 0 && arguments.min_ranks < fewest) {
    return InvalidArgument(StrCat("--min-ranks ", arguments.min_ranks, ": the job needs ", fewest,
                                  " (cluster.servers and a worker)"));
  }
  plan.min_ranks = arguments.min_ranks > 0 ? arguments.min_ranks : fewest;
  plan.max_restarts = arguments.max_restarts;
  plan.deadline_seconds = config.cluster().deadline_seconds();
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
