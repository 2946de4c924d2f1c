#pragma once
// The subcommands of the executable, one function each. command_line.cc turns the command line into
// these arguments; command_<name>.cc does the work. Results go to standard output, log lines and
// progress to standard error. Thread safety: called once, from main's thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/train/trainer.h"

namespace chorus::launch {

// --config FILE, --set path=value (repeated), --print-config
struct ConfigArguments {
  std::string config_file;  // "" = defaults only
  std::vector<std::string> sets;
  bool print_config = false;
};

struct TrainArguments {
  ConfigArguments config;
  worker::Resume resume = worker::Resume::kNothing;
  std::string counters;  // folder for the counters of each rank; "" = none
};

// A training job that is started again when a part of it is lost.
struct RunArguments {
  ConfigArguments config;
  bool resume = false;                  // the first try goes on from a checkpoint
  bool fallback = false;                // as `chorus train --fallback`
  std::optional<std::string> hosts;     // "node1:4,node2:4"
  std::optional<std::string> hostfile;  // the same as a file
  uint32_t ranks = 0;                   // without hosts; 0 = as few as the job can do with
  uint32_t min_ranks = 0;               // 0 = as few as the job can do with
  uint32_t max_restarts = 5;            // in a row without a newer checkpoint
  std::string launcher;                 // "" = mpirun with the usual options
};

struct EvaluateArguments {
  ConfigArguments config;
  std::string checkpoint;        // a checkpoint, or a directory of them (the newest complete one)
  bool best = false;             // of a directory: the one with the best evaluation
  std::vector<std::string> log;  // overrides evaluate.log
  std::string oracle;            // overrides evaluate.oracle
  bool json = false;  // an Evaluation (report.proto) in one line of JSON, in place of tables
};

struct PredictArguments {
  ConfigArguments config;
  std::string checkpoint;
  bool best = false;
  std::vector<std::string> log;
  // Text to score in place of a log: files, directories of them, or patterns; "-" = standard input.
  std::vector<std::string> inputs;
  std::string schema_file;    // ImportSchema of the text; "" = what the model says
  uint64_t max_bad_rows = 0;  // of the text: at most so many go without a score
  std::string output = "-";   // "-" = standard output
  bool parts = false;         // of a log: output is a folder with a file from each worker
};

struct ExportArguments {
  std::string checkpoint;
  bool best = false;
  std::string output;            // a new directory
  bool onnx = false;             // the layers as an ONNX model, too
  std::string rows = "FP32";     // or FP16, INT8
  std::vector<std::string> log;  // to measure the loss by such rows; none: not measured
  std::string since;             // an earlier export: only the changes since then are written
  // With `since`, in place of a checkpoint: the changes since that export, from which the later
  // export is written.
  std::string apply;
};

struct ImportArguments {
  std::string schema_file;
  std::vector<std::string> sets;
  // Files, directories of them, or patterns; "-" or none = standard input; packed files are
  // unpacked.
  std::vector<std::string> inputs;
  std::string output;  // directory of the log; with --split, one folder per part
  std::string like;    // a log whose normalisation is taken over
  uint64_t max_bad_rows = 0;
  std::string bad_rows;       // file that lists them; "" = none
  bool unlabelled = false;    // rows have no labels: a log to predict
  std::string split_by_time;  // "COLUMN:TIME": train before it, test from it on
  std::string split;          // "train:0.8,test:0.2" or "folds:5"
  std::string split_by;       // column whose hash decides; "" = row number
  // By row number: parts are consecutive ranges instead of drawn rows.
  bool split_contiguous = false;
  uint64_t split_seed = 1;
  uint32_t threads = 0;                       // 0 = all cores
  uint64_t memory_bytes = uint64_t{4} << 30;  // for common features
  // To add labels that came later, in place of making a log: the text that has them, and their
  // logs.
  std::vector<std::string> labels;
  std::vector<std::string> logs;
  bool allow_unknown = false;
  bool allow_repeated = false;
  bool follow = false;       // text that keeps coming
  double seal_seconds = 60;  // with follow: a row waits at most this long for its log file
  double idle_seconds = 0;   // with follow: the import ends after this time without news; 0 = never
  std::string kafka_config;  // with follow: file of librdkafka's settings; "" = none
};

struct SchemaArguments {
  std::vector<std::string> inputs;
  std::string output = "-";       // file of the schema; "-" = standard output
  std::string job;                // file of the job; "" = none
  std::string click, conversion;  // columns of labels; "" = to be guessed
  uint64_t sample_rows = 100000;  // the first rows of the text
};

struct GenerateArguments {
  std::string config_file;  // GenerateConfig
  std::vector<std::string> sets;
  std::string output;             // directory: log files and oracle file
  bool potential_labels = false;  // also write the log of all potential labels
  bool raw = false;               // text files in place of a log
  uint32_t threads = 0;           // 0 = all cores
};

struct MergeArguments {
  std::vector<std::string> logs;  // files or directories, in order
  std::string output;             // directory of the log
  uint32_t threads = 0;           // 0 = all cores
};

struct ExportLogArguments {
  std::vector<std::string> logs;
  std::string output;           // packed if it ends in .gz or .zst; "-" = standard output
  std::string schema_output;    // "" = none
  std::string format = "TEXT";  // or TFRECORD, records of tf.Example, or PARQUET
};

struct InspectArguments {
  std::string path;       // a log file or directory, or a checkpoint
  bool verify = false;    // read everything, check every checksum
  std::string canonical;  // checkpoint: write the layout-independent bytes here ("-" = stdout)
  uint64_t rows = 0;      // log: print this many exposures as text
};

struct ObjectiveArguments {
  std::string method;             // "CHORUS_CVR"
  std::vector<std::string> sets;  // options of the method: "eps=0.05"
  uint64_t seed = 1;              // of the draws of methods that sample; a row's number is its id
  uint32_t stage = 0;             // of a method trained in stages
  std::string input = "-";
};

struct CompareArguments {
  std::vector<std::string> config_files;  // CompareConfig, one comparison each
  std::vector<std::string> sets;          // of every one of them
  bool print_config = false;
  std::string output;   // overrides the configuration's; with several, one folder each inside it
  bool resume = false;  // go on with the runs that are there
  bool report_only = false;  // train nothing; tables of what is finished
  // The part of the configuration that is trained; tables always show all finished runs.
  uint32_t seeds = 0;                // 0 = as configured
  std::vector<std::string> methods;  // none = all
  uint32_t folds = 0;                // the first `folds` data sets; 0 = all
};

struct ReportArguments {
  std::string path;    // a training run's directory, or its metrics.jsonl
  std::string output;  // "" = report.html beside it
};

// `chorus top`: shows a run while it goes on.
struct TopArguments {
  std::string job;  // its metrics.jsonl, a folder with that, or its configuration
  std::vector<std::string> prometheus;  // pages of its ranks: "host:port"
  bool once = false;
  double interval_seconds = 0;  // 0 = 1 on a terminal, else 10
};

struct DoctorArguments {
  ConfigArguments config;  // the job that is to run here; without one, a job of defaults
};

struct PlanArguments {
  ConfigArguments config;
  std::vector<std::string> log;  // overrides data.log
  // The hosts, servers and workers of each layout; one value stands for all layouts, and an empty
  // list for the numbers that follow from the other two.
  std::vector<uint32_t> hosts, servers, workers;
  bool weak = false;     // a step grows with the workers
  uint32_t threads = 0;  // of a worker; 0 = compute.threads
  uint32_t cores = 0;    // of a host; 0 = those of this machine
  double link_gbit = 25;
  double latency_us = 20;
  std::string gpu;          // workers compute on such GPUs: a name or a file; "" = on cores
  uint32_t steps = 8;       // of the log that are read
  bool calibrate = false;   // measure this machine
  std::string calibration;  // file of rates: written with `calibrate`, else read
  std::string json;         // file for the plans; "" = none
  // The job as objects of Kubernetes, for one layout.
  std::string kubernetes;               // file for them, "-" = standard output; "" = none
  std::string image = "chorus:latest";  // with the program, as launch/Dockerfile makes it
  std::string name;                     // of the job; "" = that of the configuration's file
  std::string claim;                    // a volume claim that is there; "" = one is made
  std::string volume_size = "100Gi";    // of one that is made
  std::string mount = "/work";          // where the volume is in each container
};

struct ScaleArguments {
  ConfigArguments config;
  std::vector<uint32_t> workers, servers;  // each of `workers` with each of `servers`
  std::string mode = "strong";             // or "weak": a step grows with the workers
  uint32_t repeats = 3;
  uint32_t steps = 40;   // of a run
  uint32_t threads = 0;  // of a worker; 0 = compute.threads, or its share of the cores
  uint32_t hosts = 1;    // that the launcher spreads ranks over
  double link_gbit = 25;
  double latency_us = 20;
  bool gpus = false;     // workers compute on GPUs
  std::string gpu;       // the GPUs as the plan takes them: a name or a file
  std::string launcher;  // "" = mpirun on this machine
  std::string program;   // "" = this one
  std::string output;
  std::string calibration;       // file of rates; "" = measured first
  double deadline_minutes = 30;  // of a run
  bool resume = false;
  bool check = false;  // check that all layouts end with the same model
  // Layouts as tasks of a Slurm array.
  std::string slurm;             // file for the script that submits them, "-" = standard output
  std::optional<uint32_t> only;  // of a task: runs only this layout (from 0), shows nothing
  bool collect = false;          // runs nothing, and shows the measurements of such tasks
};

struct HelpArguments {
  std::string setting;  // as HelpOf (setting_help.h) takes it; "" = lists all
};

// *stopped: whether a signal ended the run before its last step; its state is then saved.
Status RunTrain(const TrainArguments& arguments, bool* stopped);
// *exit_code: that of the job's last try.
Status RunRun(const RunArguments& arguments, int* exit_code);
Status RunEvaluate(const EvaluateArguments& arguments);
Status RunPredict(const PredictArguments& arguments);
Status RunExport(const ExportArguments& arguments);
// *stopped: whether a signal ended an import that follows its input; complete rows are then sealed.
Status RunImport(const ImportArguments& arguments, bool* stopped);
Status RunSchema(const SchemaArguments& arguments);
Status RunGenerate(const GenerateArguments& arguments);
Status RunMerge(const MergeArguments& arguments);
Status RunExportLog(const ExportLogArguments& arguments);
Status RunInspect(const InspectArguments& arguments);
Status RunObjective(const ObjectiveArguments& arguments);
// *some_failed: whether runs failed; the tables are of the others.
Status RunCompare(const CompareArguments& arguments, bool* some_failed);
Status RunReport(const ReportArguments& arguments);
Status RunTop(const TopArguments& arguments);
// *wrong: on the first rank, whether something is wrong.
Status RunDoctor(const DoctorArguments& arguments, bool* wrong);
// Prints how much each rank would hold, send and compute, and how long a step would take.
Status RunPlan(const PlanArguments& arguments);
// Runs layouts of a job and writes how it scales. *stopped_by_signal: whether a signal ended it before the last layout;
// --resume goes on.
Status RunScale(const ScaleArguments& arguments, bool* stopped_by_signal);
Status RunHelp(const HelpArguments& arguments);

}  // namespace chorus::launch
