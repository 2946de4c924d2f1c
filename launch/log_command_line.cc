#include <CLI/CLI.hpp>

#include "launch/command/commands.h"
#include "launch/command_line_parts.h"
#include "launch/number_checks.h"

namespace chorus::launch {
namespace {

void AddThreads(CLI::App* command, uint32_t* threads) {
  command->add_option("--threads", *threads, "0 = all cores; the bytes do not depend on it")
      ->check(Count());
}

// `import --labels`, in place of inputs and an output.
void AddImportedLabels(CLI::App* command, ImportArguments* arguments, CLI::Option* inputs,
                       CLI::Option* output) {
  CLI::Option* const labels =
      command
          ->add_option("--labels", arguments->labels,
                       "Make no log: text of row ids with clicks, conversions or both that came "
                       "later, for the exposures of --log; - is standard input")
          ->excludes(inputs)
          ->excludes(output);
  CLI::Option* const logs =
      command
          ->add_option("--log", arguments->logs,
                       "With --labels: the logs that they are of, which stay as they are and get "
                       "a file of labels each, NAME.labels, that every reader merges")
          ->needs(labels)
          ->check(CLI::ExistingPath);
  labels->needs(logs);
  for (const char* of_logs : {"--like", "--unlabelled", "--split", "--split-by-time", "--split-by",
                              "--split-contiguous", "--split-seed", "--memory"}) {
    labels->excludes(command->get_option(of_logs));
  }
  command
      ->add_flag("--allow-unknown", arguments->allow_unknown,
                 "With --labels: pass over row ids that no log has, and count them")
      ->needs(labels);
  command
      ->add_flag("--allow-repeated", arguments->allow_repeated,
                 "With --labels: exposures that share a row id all get its labels")
      ->needs(labels);
  // `callback` would replace that of AddCommand, which chooses the action.
  command->parse_complete_callback([labels, output] {
    if (labels->empty() && output->empty()) throw CLI::RequiredError("--output");
  });
}

void AddSplit(CLI::App* command, ImportArguments* arguments) {
  CLI::Option* const split =
      command->add_option("--split", arguments->split, "train:0.8,test:0.2 or folds:5");
  command
      ->add_option("--split-by-time", arguments->split_by_time,
                   "COLUMN:TIME: rows before TIME are the part train, the others test; with two "
                   "times COLUMN:TIME,TIME there is validation between them")
      ->excludes(split);
  command->add_option("--split-by", arguments->split_by,
                      "Column whose hash decides the part (default: the row number)");
  command->add_flag("--split-contiguous", arguments->split_contiguous,
                    "By row number: parts are consecutive ranges instead of drawn rows");
  command->add_option("--split-seed", arguments->split_seed, "Another seed draws other rows")
      ->check(Count());
}

// The options of an import that goes on when its input has been read.
void AddFollow(CLI::App* command, ImportArguments* arguments) {
  CLI::Option* const follow = command->add_flag(
      "--follow", arguments->follow,
      "Go on with what comes: to standard input, to the end of files, as whole files into "
      "directories, or as messages of a topic (kafka://BROKER:9092/TOPIC). Each log file is "
      "complete when it appears in --output. The same command goes on after a kill; of standard "
      "input it cannot know what was read before");
  command
      ->add_option(
          "--seal-seconds", arguments->seal_seconds,
          "With --follow: a row waits so long at most until its log file is complete (60); "
          "one is after file_rows rows, too")
      ->needs(follow)
      ->check(Positive());
  command
      ->add_option("--idle-seconds", arguments->idle_seconds,
                   "With --follow: end after so long without anything new; 0 = wait for ever (the "
                   "end of standard input ends it always)")
      ->needs(follow)
      ->check(NotNegative());
  command
      ->add_option("--kafka-config", arguments->kafka_config,
                   "With --follow and kafka:// inputs: file of librdkafka's settings (SASL, TLS, "
                   "...), a line each: key=value")
      ->needs(follow)
      ->check(CLI::ExistingFile);
  for (const char* of_all : {"--bad-rows", "--split-contiguous", "--labels"}) {
    follow->excludes(command->get_option(of_all));
  }
}

void AddMemory(CLI::App* command, ImportArguments* arguments) {
  command
      ->add_option("--memory", arguments->memory_bytes,
                   "Most memory for Ali-CCP's common features, like 4GB, and for blocks that wait "
                   "for means (256 MB at most); more of them lie in a temporary file beside the "
                   "output. And for the counts of min_count: more of "
                   "them take further passes over the inputs. Repeated row ids are looked for in "
                   "up to 512 MB besides")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false));
}

void AddImport(CLI::App* app, CommandOutcome* outcome, Action* action) {
  static ImportArguments arguments;
  static bool stopped = false;
  CLI::App* command = AddCommand(
      app, "import",
      "Make a log from text (plain or packed), Parquet, ORC or TFRecord; or give a log labels that "
      "came later",
      "chorus import --schema configs/import/criteo_ppml.textproto --split train:0.8,test:0.2 "
      "--output criteo day1.csv.gz\n"
      "  chorus import --schema my.schema --log my/train my/test --labels sales-of-the-week.tsv\n"
      "  tail -n +1 -f clicks.tsv | chorus import --schema my.schema --follow --output stream -",
      action, [outcome] {
        // A followed text is sealed, and label files are whole or not there.
        const bool remains = !arguments.follow && arguments.labels.empty();
        const auto import = [] { return RunImport(arguments, &stopped); };
        const Status status = remains ? AloneWithoutRemains(import) : Alone(import);
        outcome->stopped_by_signal = stopped;
        return status;
      });
  command->add_option("--schema", arguments.schema_file, "ImportSchema in protobuf text format")
      ->required();
  AddSets(command, &arguments.sets);
  CLI::Option* const inputs =
      command->add_option("inputs", arguments.inputs,
                          "Files (gzip, zstd, bzip2 and xz are unpacked), directories of them, or "
                          "patterns with * in quotes, each also as an address like "
                          "s3://bucket/day; - or none is standard input");
  CLI::Option* const output =
      command->add_option("--output", arguments.output,
                          "Directory of the log; with --split, one folder per part inside it");
  command
      ->add_option("--like", arguments.like,
                   "A log of the same features: normalise numbers by its means and deviations, so "
                   "that its models take this one; min_count leaves nothing out then")
      ->check(CLI::ExistingPath);
  command
      ->add_option("--max-bad-rows", arguments.max_bad_rows,
                   "Skip and count so many malformed rows; one more stops the import")
      ->check(Count());
  command->add_option("--bad-rows", arguments.bad_rows,
                      "File to list all malformed rows in, with place and reason; - is standard "
                      "output");
  command->add_flag("--unlabelled", arguments.unlabelled,
                    "Rows have no labels: the log can be predicted, not trained or evaluated on");
  AddSplit(command, &arguments);
  AddThreads(command, &arguments.threads);
  AddMemory(command, &arguments);
  AddImportedLabels(command, &arguments, inputs, output);
  AddFollow(command, &arguments);
}

void AddSchema(CLI::App* app, Action* action) {
  static SchemaArguments arguments;
  CLI::App* command =
      AddCommand(app, "schema", "Draft the schema of an import from the rows themselves",
                 "chorus schema day1.csv.gz --output shop.schema --job shop.train\n"
                 "  chorus schema day1.csv.gz --click geklickt --conversion gekauft",
                 action, [] { return Alone([] { return RunSchema(arguments); }); });
  command->add_option("inputs", arguments.inputs, "Files, directories or patterns, as for import")
      ->required();
  command->add_option("--output", arguments.output, "New file to write; - is standard output");
  command->add_option("--job", arguments.job,
                      "New file for a job that trains on what the schema imports");
  command->add_option("--click", arguments.click,
                      "Column of clicks (default: guessed from names and cells)");
  command->add_option("--conversion", arguments.conversion, "Column of conversions, likewise");
  command->add_option("--rows", arguments.sample_rows, "Look at so many rows, the first ones")
      ->check(Within(uint64_t{1}, uint64_t{100000000}));
}

void AddGenerate(CLI::App* app, Action* action) {
  static GenerateArguments arguments;
  CLI::App* command =
      AddCommand(app, "generate", "Make a log of a synthetic world whose truth is known",
                 "chorus generate --set exposures=1000000 --output world", action,
                 [] { return AloneWithoutRemains([] { return RunGenerate(arguments); }); });
  command->add_option("--config", arguments.config_file, "GenerateConfig in protobuf text format");
  AddSets(command, &arguments.sets);
  command->add_option("--output", arguments.output, "Directory of log and oracle file")->required();
  command->add_flag("--potential-labels", arguments.potential_labels,
                    "Also write the log in which every exposure shows its conversion");
  command->add_flag("--raw", arguments.raw,
                    "Shape ALI_CCP: write its two text files in place of a log");
  AddThreads(command, &arguments.threads);
}

void AddMerge(CLI::App* app, Action* action) {
  static MergeArguments arguments;
  CLI::App* command =
      AddCommand(app, "merge", "Join logs into one, with the labels that came to them later",
                 "chorus merge --output week day1 day2 day3", action,
                 [] { return AloneWithoutRemains([] { return RunMerge(arguments); }); });
  command
      ->add_option("logs", arguments.logs,
                   "Log files or directories of them, in the order of their rows; columns are "
                   "matched by name, and the first log says which there are")
      ->required()
      ->check(CLI::ExistingPath);
  command->add_option("--output", arguments.output, "Directory of the log")->required();
  AddThreads(command, &arguments.threads);
}

void AddExportLog(CLI::App* app, Action* action) {
  static ExportLogArguments arguments;
  CLI::App* command = AddCommand(
      app, "export-log", "Write a log as tab-separated text, TFRecord or Parquet",
      "chorus export-log my/train --output train.tsv.zst --schema-output train.schema\n"
      "  chorus export-log my/train --format PARQUET --output train.parquet",
      action, [] { return AloneWithoutRemains([] { return RunExportLog(arguments); }); });
  command->add_option("log", arguments.logs, "A log file, or a directory of them")
      ->required()
      ->check(CLI::ExistingPath);
  command
      ->add_option("--output", arguments.output,
                   "File to write, packed if it ends in .gz or .zst; - is standard output")
      ->required();
  command->add_option("--schema-output", arguments.schema_output,
                      "File for the schema with which import makes the same rows of it");
  command
      ->add_option("--format", arguments.format,
                   "TEXT, TFRECORD (records of tf.Example), or PARQUET (through Apache Arrow)")
      ->check(CLI::IsMember({"TEXT", "TFRECORD", "PARQUET"}));
}

void AddInspect(CLI::App* app, Action* action) {
  static InspectArguments arguments;
  CLI::App* command =
      AddCommand(app, "inspect", "Describe a log or a checkpoint", "chorus inspect ckpt --verify",
                 action, [] { return Alone([] { return RunInspect(arguments); }); });
  command->add_option("path", arguments.path, "A log file, a directory of them, or a checkpoint")
      ->required();
  command->add_flag("--verify", arguments.verify, "Read everything and check every checksum");
  command->add_option("--canonical", arguments.canonical,
                      "Checkpoint: write the bytes that do not depend on the layout (- is stdout)");
  command->add_option("--rows", arguments.rows, "Log: print so many exposures as text")
      ->check(Count());
}

}  // namespace

void AddLogCommands(CLI::App* app, CommandOutcome* outcome, Action* action) {
  AddImport(app, outcome, action);
  AddSchema(app, action);
  AddGenerate(app, action);
  AddMerge(app, action);
  AddExportLog(app, action);
  AddInspect(app, action);
}

}  // namespace chorus::launch
