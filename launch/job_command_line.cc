// The commands that plan and measure jobs, as CLI11 reads them.

#include <string>

#include <CLI/CLI.hpp>

#include <string>

#include "launch/command/commands.h"
#include "launch/command_line_parts.h"
#include "launch/number_checks.h"

namespace chorus::launch {
namespace {

// An empty word, such as a shell's variable that is not set, names no GPU, and does not ask for cores either.
std::string NamesAGpu(const std::string& word) {
  return word.empty() ? "is empty; expected the name of a GPU, or a file of its speeds" : "";
}

void AddPlanLayouts(CLI::App* command, PlanArguments* arguments) {
  command
      ->add_option("--hosts", arguments->hosts,
                   "Hosts, to which ranks are dealt in blocks (default: one for each rank); with "
                   "several numbers, 1,2,4, a table of layouts")
      ->delimiter(',')
      ->check(Within(1, 65536));
  command->add_option("--servers", arguments->servers, "Servers (default: cluster.servers)")
      ->delimiter(',')
      ->check(Within(1, 65536));
  command
      ->add_option("--workers", arguments->workers,
                   "Workers (default: one for each host that is left; COLOCATED: one for each)")
      ->delimiter(',')
      ->check(Within(1, 4096));
  command->add_flag("--weak", arguments->weak,
                    "step.grains_per_step is that of the first layout, and grows with the workers");
  command
      ->add_option("--threads", arguments->threads,
                   "Threads of a worker; 0: compute.threads, or all cores of its host")
      ->check(Within(0, 1024));
  command
      ->add_option("--cores", arguments->cores, "Cores of a host; 0: as many as this machine has")
      ->check(Within(0, 4096));
  command->add_option("--link-gbit", arguments->link_gbit, "Speed of a host's link, each way")
      ->check(Within(0.001, 100000.0));
  command->add_option("--latency-us", arguments->latency_us, "From one host to another, one way")
      ->check(Within(0.0, 10000000.0));
  command
      ->add_option("--gpu", arguments->gpu,
                   "Workers compute on such GPUs, one each: H100, H200, A100, A100-40, L4, L40S, "
                   "T4, V100, or a file of its speeds (launch/README.md)")
      ->check(NamesAGpu);
}

void AddPlanKubernetes(CLI::App* command, PlanArguments* arguments) {
  CLI::Option* const kubernetes = command->add_option(
      "--kubernetes", arguments->kubernetes,
      "File for the job as objects of Kubernetes (an MPIJob), a pod for each host; - is standard "
      "output");
  command
      ->add_option("--image", arguments->image,
                   "With --kubernetes: image of launch/Dockerfile (default: chorus:latest)")
      ->needs(kubernetes);
  command
      ->add_option("--name", arguments->name,
                   "With --kubernetes: name of the job (default: that of --config's file)")
      ->needs(kubernetes);
  command
      ->add_option("--claim", arguments->claim,
                   "With --kubernetes: volume claim that is there (default: one is made)")
      ->needs(kubernetes);
  command
      ->add_option("--volume-size", arguments->volume_size,
                   "With --kubernetes: size of a volume that is made (default: 100Gi)")
      ->needs(kubernetes);
  command
      ->add_option("--mount", arguments->mount,
                   "With --kubernetes: where pods have the volume (default: /work)")
      ->needs(kubernetes);
}

void AddPlan(CLI::App* app, Action* action) {
  static PlanArguments arguments;
  CLI::App* command = AddCommand(
      app, "plan",
      "Say before a job starts what its ranks will hold, send and compute, how long a step takes, "
      "and what bounds it",
      "chorus plan --config job.textproto --servers 2 --workers 8 --link-gbit 25 --calibrate\n"
      "  chorus plan --config job.textproto --hosts 1,2,4,8 --cores 32 --calibration node.json\n"
      "  chorus plan --config job.textproto --gpu H100 --workers 1,8,64 --cores 128 --link-gbit "
      "100 --weak --set cluster.placement=COLOCATED",
      action, [] { return Alone([] { return RunPlan(arguments); }); });
  command->add_option("--config", arguments.config.config_file, "The job, in protobuf text format");
  AddSets(command, &arguments.config.sets);
  command->add_option("--log", arguments.log, "Log to plan with (default: data.log)");
  AddPlanLayouts(command, &arguments);
  command
      ->add_option("--steps", arguments.steps,
                   "So many of the first steps are read: what the figures of a step are of")
      ->check(Within(2, 100000));
  command->add_flag("--calibrate", arguments.calibrate,
                    "Measure this machine with the job for some seconds; else times are those of "
                    "assumed rates");
  command->add_option("--calibration", arguments.calibration,
                      "File of rates: written with --calibrate, else read");
  command->add_option("--json", arguments.json, "File for the plans as JSON, one line each");
  AddPlanKubernetes(command, &arguments);
}

void AddScaleRuns(CLI::App* command, ScaleArguments* arguments) {
  command
      ->add_option("--workers", arguments->workers,
                   "Numbers of workers: 1,2,4; the first one is "
                   "what the others are held against")
      ->delimiter(',')
      ->check(Within(1, 4096))
      ->required();
  command
      ->add_option("--servers", arguments->servers,
                   "Numbers of servers, each with each of --workers (default: cluster.servers)")
      ->delimiter(',')
      ->check(Within(1, 65536));
  command
      ->add_option("--mode", arguments->mode,
                   "strong: every layout computes the same steps; weak: step.grains_per_step is "
                   "that of the first one, and grows with the workers")
      ->check(CLI::IsMember({"strong", "weak"}));
  command->add_option("--repeats", arguments->repeats, "Runs of each layout")
      ->check(Within(1, 1000));
  command->add_option("--steps", arguments->steps, "Steps of a run")->check(Within(4, 1000000));
  command
      ->add_option("--threads", arguments->threads,
                   "Threads of a worker, the same in all layouts; 0: compute.threads, or so many "
                   "that most workers share the cores")
      ->check(Within(0, 1024));
  command->add_flag("--check", arguments->check,
                    "Run each layout once more to a checkpoint; an error where the models differ");
  command
      ->add_option("--deadline-minutes", arguments->deadline_minutes,
                   "A run that takes longer is "
                   "ended, and the sweep too")
      ->check(Within(0.01, 100000.0));
}

void AddScalePlace(CLI::App* command, ScaleArguments* arguments) {
  command->add_flag("--gpus", arguments->gpus,
                    "Workers compute on GPUs, one each (compute.backend=CUDA); with --gpu");
  command
      ->add_option("--gpu", arguments->gpu,
                   "Which they are, for the plan: a name or a file, as of chorus plan --gpu")
      ->check(NamesAGpu);
  command->add_option("--launcher", arguments->launcher,
                      "What starts ranks, before -n RANKS: 'srun --mpi=pmix', 'mpirun --host a,b' "
                      "(default: mpirun on this machine)");
  command->add_option("--program", arguments->program, "The program it starts (default: this one)");
  command->add_option("--hosts", arguments->hosts, "Hosts that it spreads ranks over, for the plan")
      ->check(Within(1, 65536));
  command->add_option("--link-gbit", arguments->link_gbit, "Speed of a host's link, for the plan")
      ->check(Within(0.001, 100000.0));
  command->add_option("--latency-us", arguments->latency_us, "Between hosts, one way, for the plan")
      ->check(Within(0.0, 10000000.0));
  command->add_option("--calibration", arguments->calibration,
                      "File of rates of chorus plan --calibrate (default: measured first)");
}

void AddScaleArray(CLI::App* command, ScaleArguments* arguments) {
  CLI::Option* const slurm = command->add_option(
      "--slurm", arguments->slurm,
      "Write a script that submits each layout as a task of a Slurm array, and a "
      "last job that shows them; runs nothing (- is standard output)");
  CLI::Option* const only =
      command
          ->add_option("--only", arguments->only,
                       "Such a task: run the layout of this number alone (workers by servers, from "
                       "0), into OUTPUT/layout-N, and show nothing")
          ->excludes(slurm);
  command
      ->add_flag("--collect", arguments->collect,
                 "Run nothing, and show what such tasks have measured")
      ->excludes(slurm)
      ->excludes(only);
}

void AddScale(CLI::App* app, CommandOutcome* outcome, Action* action) {
  static ScaleArguments arguments;
  CLI::App* command = AddCommand(
      app, "scale",
      "Run a job on several layouts, and say how it scales: efficiency, time by part, traffic, and "
      "the plan's prediction beside each",
      "chorus scale --config job.textproto --workers 1,2,4 --servers 1,2 --output scaling\n"
      "  chorus scale --config job.textproto --workers 8,16,32 --mode weak --hosts 4 --launcher "
      "'srun --mpi=pmix' --output scaling",
      action,
      [=] { return Alone([=] { return RunScale(arguments, &outcome->stopped_by_signal); }); });
  command->add_option("--config", arguments.config.config_file, "The job, in protobuf text format");
  AddSets(command, &arguments.config.sets);
  command->add_option("--output", arguments.output, "Directory for runs, tables and figures")
      ->required();
  command->add_flag("--resume", arguments.resume, "Go on with the runs that --output has");
  AddScaleRuns(command, &arguments);
  AddScalePlace(command, &arguments);
  AddScaleArray(command, &arguments);
}

void AddTop(CLI::App* app, Action* action) {
  static TopArguments arguments;
  CLI::App* command = AddCommand(
      app, "top",
      "Watch a run while it goes on: steps, losses, calibration, where time goes, servers; ends "
      "with the run",
      "chorus top run/metrics.jsonl\n"
      "  chorus top job.textproto\n"
      "  chorus top --prometheus node1:9400,node1:9401,node2:9402",
      action, [] { return Alone([] { return RunTop(arguments); }); });
  command->add_option("job", arguments.job,
                      "The run's metrics.jsonl, its directory, or the job's configuration");
  command
      ->add_option("--prometheus", arguments.prometheus,
                   "host:port of each rank (report.prometheus, rank r at port + r); ranks on this "
                   "machine are found by the job")
      ->delimiter(',');
  command->add_flag("--once", arguments.once, "Print what is to be seen now, and end");
  command
      ->add_option("--interval", arguments.interval_seconds,
                   "Seconds between two looks (default: 1 on a terminal, else 10)")
      ->check(Within(0.1, 86400.0));
}

}  // namespace

void AddJobCommands(CLI::App* app, CommandOutcome* outcome, Action* action) {
  AddTop(app, action);
  AddPlan(app, action);
  AddScale(app, outcome, action);
}

}  // namespace chorus::launch
