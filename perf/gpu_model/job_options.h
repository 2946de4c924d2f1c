#pragma once
// The command line of programs that model or measure a job: its configuration and its log, or the
// shape of a random log.
//   --config FILE  --set field=value ...  --log PATH ...
//   --anchor NAME                    a published shape (anchors.h) instead of --config
//   --slots N  --context-slots N  --tokens N  --rows-per-context N  --ids N  --numerics N
//                                    without --log: the shape of a random log
//   --steps N  --stage N             read N steps; compute one of this stage
// Thread safety: functions of their arguments.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "perf/gpu_model/anchors.h"
#include "perf/gpu_model/command_line.h"
#include "perf/gpu_model/job_model.h"
#include "perf/support/random_log.h"

namespace chorus::perf {

struct JobOptions {
  std::string config;
  std::vector<std::string> sets;
  std::vector<std::string> logs;
  std::string anchor;
  JobModelOptions job;
  RandomLogShape shape;
};

// What --help says about these options.
extern const char kJobOptionsHelp[];
// Takes one option. Error: kInvalidArgument, the option or its value is none of these; says what is
// allowed.
Status SetJobOption(const Option& option, JobOptions* options);

// A job and the log that it reads.
struct JobSource {
  TrainConfig config;
  const Anchor* anchor = nullptr;
  RandomLogShape shape;
  bool random = true;
  std::unique_ptr<FileSystem> memory;  // holds the log, where it is a random one

  FileSystem& files() const { return random ? *memory : PosixFiles(); }
  // Writes the log, if it is a random one, with rows for these numbers of GPUs and steps. Error:
  // kInvalidArgument, it would not fit in memory.
  Status WriteLog(const JobModelOptions& options);
};
// Error: kInvalidArgument, options that contradict each other, or a stage that the method lacks;
// those of loading a configuration.
Result<JobSource> SourceOf(const JobOptions& options);

}  // namespace chorus::perf
