#include "launch/command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "common/nearest_word.h"
#include "common/unfinished_output.h"
#include "launch/command/commands.h"
#include "launch/command/setting_help.h"
#include "launch/command_line_parts.h"
#include "launch/job/mpi_world.h"
#include "launch/number_checks.h"

namespace chorus::launch {

CLI::App* AddCommand(CLI::App* app, const std::string& name, const std::string& description,
                     const std::string& example, Action* action, Action run) {
  CLI::App* command = app->add_subcommand(name, description);
  command->footer("Example:\n  " + example);
  command->final_callback([action, run = std::move(run)] { *action = run; });
  return command;
}

Status Alone(const Action& run) {
  if (!MpiWorld::LaunchedAmongOthers()) return run();
  return FailedPrecondition(
      "runs as one process: under mpirun every rank would write the same output; start it plainly");
}

Status AloneWithoutRemains(const Action& run) {
  return Alone([&run] {
    RemoveUnfinishedOnStopSignals();
    return run();
  });
}

void AddSets(CLI::App* command, std::vector<std::string>* sets) {
  command
      ->add_option(
          "--set", *sets,
          "Set one field: path.to.field=value (repeatable; a list is one value: data.log=a,b)")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
}

namespace {

constexpr char kVersion[] = "chorus " CHORUS_VERSION;

void AddConfig(CLI::App* command, ConfigArguments* config) {
  command->add_option("--config", config->config_file,
                      "Job in protobuf text format (common/config.proto is the reference)");
  AddSets(command, &config->sets);
  command->add_flag("--print-config", config->print_config,
                    "Print the whole effective configuration and stop");
}

// The arguments outlive parsing: CLI11 writes into them, the action reads them.
void AddTrain(CLI::App* app, CommandOutcome* outcome, Action* action) {
  static TrainArguments arguments;
  CLI::App* command =
      AddCommand(app, "train", "Train a model; under mpirun, on every rank",
                 "mpirun --oversubscribe --bind-to none -n 3 chorus train --config "
                 "configs/train/chorus_cvr.textproto "
                 "--set data.log=train.log",
                 action, [=] { return RunTrain(arguments, &outcome->stopped_by_signal); });
  AddConfig(command, &arguments.config);
  command->add_option("--counters", arguments.counters,
                      "Folder for rank-N.json of every rank: its times, frames, bytes and memory "
                      "(chorus plan foretells them)");
  static bool resume = false, fallback = false;
  CLI::Option* const resumes = command->add_flag(
      "--resume", resume, "Continue from the newest complete checkpoint, if there is one");
  command
      ->add_flag("--fallback", fallback,
                 "With --resume: check all files first, and pass over damaged checkpoints")
      ->needs(resumes);
  // `callback` would replace that of AddCommand, which chooses the action.
  command->parse_complete_callback([] {
    if (!resume) return;
    arguments.resume = fallback ? worker::Resume::kNewestWhole : worker::Resume::kNewest;
  });
}

void AddRun(CLI::App* app, CommandOutcome* outcome, Action* action) {
  static RunArguments arguments;
  CLI::App* command = AddCommand(
      app, "run",
      "Train over hosts, and go on from the newest checkpoint when a rank, host or network is lost",
      "chorus run --hosts node1:8,node2:8 --config job.textproto --set checkpoint.directory=ckpt",
      action, [=] { return Alone([=] { return RunRun(arguments, &outcome->job_exit_code); }); });
  command->add_option("--config", arguments.config.config_file,
                      "Job in protobuf text format (common/config.proto is the reference)");
  AddSets(command, &arguments.config.sets);
  CLI::Option* const hosts = command->add_option(
      "--hosts", arguments.hosts, "Hosts and their ranks; those that do not answer are left out");
  CLI::Option* const hostfile =
      command->add_option("--hostfile", arguments.hostfile, "The same as Open MPI's file of hosts")
          ->excludes(hosts);
  command
      ->add_option("--ranks", arguments.ranks,
                   "Without hosts: ranks on this machine, or where the launcher puts them; 0 = as "
                   "few as the job can do with")
      ->excludes(hosts)
      ->excludes(hostfile);
  command->add_option("--min-ranks", arguments.min_ranks,
                      "With fewer the job ends; 0 = as few as it can do with");
  command->add_option("--max-restarts", arguments.max_restarts,
                      "Restarts in a row that bring no newer checkpoint");
  command->add_option("--launcher", arguments.launcher,
                      "What starts ranks, with options but for hosts and ranks; default: mpirun");
  command->add_flag("--resume", arguments.resume,
                    "Continue from the newest checkpoint at the first try, too");
  command->add_flag("--fallback", arguments.fallback,
                    "Check all files before going on, and pass over damaged checkpoints");
}

// Adds the option that chooses among a directory's checkpoints.
void AddBest(CLI::App* command, bool* best) {
  command->add_flag("--best", *best,
                    "Of a directory: the checkpoint of the best evaluation (checkpoint.best)");
}

void AddEvaluate(CLI::App* app, Action* action) {
  static EvaluateArguments arguments;
  CLI::App* command =
      AddCommand(app, "evaluate", "Print the metrics of a checkpoint on a log",
                 "chorus evaluate --config job.textproto --checkpoint ckpt --log test.log", action,
                 [] { return RunEvaluate(arguments); });
  AddConfig(command, &arguments.config);
  command->add_option("--checkpoint", arguments.checkpoint,
                      "A checkpoint, or a directory of them (the newest complete one)");
  AddBest(command, &arguments.best);
  command->add_option("--log", arguments.log, "Log to evaluate on (default: evaluate.log)");
  command->add_option("--oracle", arguments.oracle,
                      "Oracle file of a generated log (default: evaluate.oracle)");
  command->add_flag("--json", arguments.json,
                    "Print one line of JSON, as in metrics.jsonl, in place of tables");
}

void AddPredict(CLI::App* app, Action* action) {
  static PredictArguments arguments;
  CLI::App* command = AddCommand(
      app, "predict",
      "Write pCTR, pCVR and pCTCVR of every exposure of a log, or of every row of a text, in order",
      "chorus predict --checkpoint ckpt --input day9.csv.gz --output scores.tsv\n"
      "  zcat day9.csv.gz | chorus predict --checkpoint ckpt --input - > scores.tsv\n"
      "  chorus predict --checkpoint ckpt --log my/test --output scores.tsv",
      action, [] {
        RemoveUnfinishedOnStopSignals();
        return RunPredict(arguments);
      });
  AddConfig(command, &arguments.config);
  command->add_option("--checkpoint", arguments.checkpoint,
                      "A checkpoint, or a directory of them (the newest complete one)");
  AddBest(command, &arguments.best);
  CLI::Option* const log =
      command->add_option("--log", arguments.log, "Log to predict (default: evaluate.log)");
  CLI::Option* const input =
      command
          ->add_option("--input", arguments.inputs,
                       "Text to predict in place of a log, plain or packed, as import takes it; "
                       "labels may be absent; - is standard input")
          ->excludes(log);
  command
      ->add_option("--schema", arguments.schema_file,
                   "ImportSchema of the text (default: that of the model's training log)")
      ->needs(input);
  command
      ->add_option("--max-bad-rows", arguments.max_bad_rows,
                   "So many malformed rows of the text get a line without scores; one more stops")
      ->check(Count())
      ->needs(input);
  command->add_option("--output", arguments.output, "File to write; - is standard output");
  command
      ->add_flag("--parts", arguments.parts,
                 "Write a folder: a file from each worker, which in order are the one file, and "
                 "manifest.json")
      ->excludes(input);
}

void AddExport(CLI::App* app, Action* action) {
  static ExportArguments arguments;
  CLI::App* command = AddCommand(
      app, "export", "Write embeddings and towers as plain arrays with a manifest, for serving",
      "chorus export --checkpoint ckpt --output model\n"
      "  chorus export --checkpoint ckpt --output model --format ONNX\n"
      "  chorus export --checkpoint ckpt --output model --rows INT8 --log my/test\n"
      "  chorus export --checkpoint ckpt --since model --output delta\n"
      "  chorus export --since model --apply delta --output later",
      action, [] { return AloneWithoutRemains([] { return RunExport(arguments); }); });
  command->add_option("--checkpoint", arguments.checkpoint, "A checkpoint, or a directory of them");
  AddBest(command, &arguments.best);
  command->add_option("--output", arguments.output, "Directory to make")->required();
  CLI::Option* const since = command->add_option(
      "--since", arguments.since, "An earlier export of the run: write what has changed alone");
  command
      ->add_option("--apply", arguments.apply,
                   "What had changed since the export --since: write the later export, of no "
                   "checkpoint")
      ->needs(since);
  static std::string format = "ARRAYS";
  command
      ->add_option("--format", format,
                   "ARRAYS, or ONNX: the same, and the layers as a model that ONNX runtimes read")
      ->check(CLI::IsMember({"ARRAYS", "ONNX"}));
  command
      ->add_option(
          "--rows", arguments.rows,
          "Embeddings in FP32, FP16 (half of the bytes) or INT8 (a quarter, and 4 bytes per row)")
      ->check(CLI::IsMember({"FP32", "FP16", "INT8"}));
  command->add_option("--log", arguments.log, "Log on which to tell what such rows cost in AUC");
  command->parse_complete_callback([] { arguments.onnx = format == "ONNX"; });
}

void AddObjective(CLI::App* app, Action* action) {
  static ObjectiveArguments arguments;
  CLI::App* command = AddCommand(
      app, "objective",
      "Print every loss term, the total and the gradients of rows given as TSV\n"
      "  in   o r <head> <head> ...            a header and one line per row, tab-separated\n"
      "  out  term <name> <sum> <denominator> <weight>\n"
      "       total <value>\n"
      "       grad <row> <head> <d total / d logit>   rows count from 0",
      "printf 'o\\tr\\tctr\\tcvr\\n1\\t0\\t-3\\t-2\\n' | chorus objective --method ESMM "
      "--set w_ctcvr=10",
      action, [] { return Alone([] { return RunObjective(arguments); }); });
  command->add_option("--method", arguments.method, "BASE, ESMM, CHORUS_CVR, ...")->required();
  command
      ->add_option("--seed", arguments.seed,
                   "Of the draws of methods that sample; a row's number is its id")
      ->check(Count());
  command->add_option("--stage", arguments.stage, "Of methods that are trained in stages")
      ->check(Count());
  AddSets(command, &arguments.sets);
  command->add_option("input", arguments.input, "File to read; - is standard input");
}

void AddCompare(CLI::App* app, CommandOutcome* outcome, Action* action) {
  static CompareArguments arguments;
  CLI::App* command =
      AddCommand(app, "compare",
                 "Train methods by seeds by folds and compare them; under mpirun, on every rank",
                 "chorus compare --config configs/compare/quick.textproto --output compared",
                 action, [=] { return RunCompare(arguments, &outcome->some_runs_failed); });
  command->add_option("--config", arguments.config_files, "CompareConfig in protobuf text format")
      ->required();
  AddSets(command, &arguments.sets);
  command->add_flag("--print-config", arguments.print_config,
                    "Print the whole effective configuration and stop");
  command->add_option("--output", arguments.output,
                      "Directory to write to; with several configurations, a folder each in it");
  command->add_flag("--resume", arguments.resume,
                    "Go on in a directory that holds runs: finished ones are not trained again");
  CLI::Option* const seeds =
      command
          ->add_option("--seeds", arguments.seeds,
                       "Train seeds 1 .. N; default: as configured. Tables show all finished runs "
                       "of the configuration, whatever is trained this time")
          ->check(Within(1, 1000));
  CLI::Option* const methods =
      command
          ->add_option("--methods", arguments.methods,
                       "Train these methods, the base and the common CTR net; default: all")
          ->delimiter(',');
  CLI::Option* const folds =
      command
          ->add_option("--folds", arguments.folds, "Train on the first N data sets; default: all")
          ->check(Within(1, 1000000));
  command
      ->add_flag("--report-only", arguments.report_only,
                 "Train nothing; make the tables of the runs that are finished")
      ->excludes(seeds)
      ->excludes(methods)
      ->excludes(folds);
}

void AddReport(CLI::App* app, Action* action) {
  static ReportArguments arguments;
  CLI::App* command = AddCommand(
      app, "report", "Draw the curves of a training run: a page that needs nothing but itself",
      "chorus report build/quickstart", action,
      [] { return Alone([] { return RunReport(arguments); }); });
  command->add_option("run", arguments.path, "The run's directory, or its metrics.jsonl")
      ->required();
  command->add_option("--output", arguments.output, "File to write (default: report.html beside)");
}

void AddDoctor(CLI::App* app, CommandOutcome* outcome, Action* action) {
  static DoctorArguments arguments;
  CLI::App* command =
      AddCommand(app, "doctor",
                 "Look at the hosts, networks and folders that a job is to run on; under mpirun, "
                 "on every rank",
                 "mpirun --bind-to none -n 3 chorus doctor --config job.textproto", action,
                 [=] { return RunDoctor(arguments, &outcome->found_wrong); });
  command->add_option("--config", arguments.config.config_file,
                      "The job, in protobuf text format: its folders, threads and servers");
  AddSets(command, &arguments.config.sets);
}

void AddHelp(CLI::App* app, Action* action) {
  static HelpArguments arguments;
  CLI::App* command = AddCommand(
      app, "help", "Say what a setting means, what is allowed and what is its default",
      "chorus help step.grain_rows\n  chorus help model.encoder\n  chorus help ImportSchema.slot",
      action, [app]() -> Status {
        // Some words are both: "objective".
        const CLI::App* as_command = nullptr;
        for (const CLI::App* named : app->get_subcommands(nullptr)) {
          if (named->get_name() == arguments.setting) as_command = named;
        }
        if (as_command == nullptr) return RunHelp(arguments);
        std::fputs(as_command->help("chorus").c_str(), stdout);
        if (!HelpOf(arguments.setting).ok()) return Status::Ok();
        std::fputs("\nAs a setting:\n\n", stdout);
        return RunHelp(arguments);
      });
  command->add_option("setting", arguments.setting,
                      "A setting, a message of common/config.proto, or a command");
}

// "" when `word` is a command or an option; otherwise the error about it.
std::string WhyNoCommand(const CLI::App& app, const std::string& word) {
  if (word.empty() || word.front() == '-') return "";
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_name() == word) return "";
    commands.push_back(command->get_name());
  }
  return "no command \"" + word + "\"" + DidYouMean(word, commands) + " (chorus --help lists all)";
}

// "" when the command has all options that are named; otherwise the error about the first that it does not have. CLI11
// itself would complain about missing options before unknown ones.
std::string WhyNoOption(const CLI::App& app, int argc, char** argv) {
  const std::string called = argc > 1 ? argv[1] : "";
  const CLI::App* command = nullptr;
  for (const CLI::App* one : app.get_subcommands(nullptr)) {
    if (one->get_name() == called) command = one;
  }
  if (command == nullptr) return "";
  std::vector<std::string> names;
  for (const CLI::Option* option : command->get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (int i = 2; i < argc && std::string(argv[i]) != "--"; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
    if (!word.starts_with("--") || std::count(names.begin(), names.end(), word) > 0) continue;
    const std::string nearest = NearestWord(word, names);
    const std::string meant = nearest.empty() ? "" : "; did you mean " + nearest + "?";
    return called + " has no option " + word + meant + " (chorus " + called + " --help lists all)";
  }
  return "";
}

}  // namespace

CommandLine ParseCommandLine(int argc, char** argv, CommandOutcome* outcome) {
  constexpr int kUsageError = 2;
  static CLI::App app{"Chorus: entire-space conversion-rate models over parameter servers"};
  app.set_version_flag("--version", std::string(kVersion));
  app.require_subcommand(1);
  app.option_defaults()->always_capture_default();
  CommandLine line;
  AddLogCommands(&app, outcome, &line.run);
  AddTrain(&app, outcome, &line.run);
  AddRun(&app, outcome, &line.run);
  AddEvaluate(&app, &line.run);
  AddPredict(&app, &line.run);
  AddExport(&app, &line.run);
  AddObjective(&app, &line.run);
  AddCompare(&app, outcome, &line.run);
  AddReport(&app, &line.run);
  AddDoctor(&app, outcome, &line.run);
  AddJobCommands(&app, outcome, &line.run);
  AddHelp(&app, &line.run);
  std::string why = WhyNoCommand(app, argc > 1 ? argv[1] : "");
  if (why.empty()) why = WhyNoOption(app, argc, argv);
  if (!why.empty()) {
    std::fprintf(stderr, "chorus: %s\n", why.c_str());
    line.exit_code = kUsageError;
    return line;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    line.exit_code = TellFailure(app, error) ? kUsageError : 0;
    return line;
  }
  line.command = app.get_subcommands().front()->get_name();
  return line;
}

}  // namespace chorus::launch
