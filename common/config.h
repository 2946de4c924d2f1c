#pragma once
// Turns what a user wrote into a checked configuration: it parses text format, applies --set, fills
// in defaults and checks ranges. It works on every message of config.proto by reflection, and the
// schema alone has defaults and ranges. A configuration with all defaults in it is called complete.
// Errors (kInvalidArgument) read "job.textproto:12: step.grain_rows: 0 is out of range, allowed: a
// whole number 1 .. 1048576".
// Thread safety: pure functions.

#include <functional>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

#include "common/check.h"
#include "common/config.pb.h"
#include "common/status.h"

namespace chorus {

// Fills *config from the text file (path "" = none), then from sets "a.b=value", then with
// defaults, and checks it. A repeated message is addressed by its name field or its index
// (table.default.dim, table.0.dim); if there is no element, or one, the address may be left out. A
// list is replaced as a whole: model.tower.hidden=360,200,80; a message too:
// objective.esmm={w_ctcvr: 10}, or model=@FILE with its fields in the file. A set that names a
// field of another alternative chooses that alternative.
Status LoadConfig(const std::string& path, const std::vector<std::string>& sets,
                  google::protobuf::Message* config);

// Applies the defaults and the checks of LoadConfig to a message that is not read from a file.
// Messages name `where` in place of file and line.
Status CompleteConfig(const std::string& where, google::protobuf::Message* config);

// A message of config.proto with nothing but its defaults. REQUIRES: no field has to be written.
template <typename Config>
Config Defaults() {
  Config config;
  const Status status = CompleteConfig("", &config);
  CHECK(status.ok(), status.message());
  return config;
}

// LoadConfig of a TrainConfig, with what a job has by default (a table, a tower, an objective, an
// optimizer: `when_empty` in config.proto) and the checks that span fields (names are unique and
// known, ASYNC is refused, ...). The command itself checks whether data.log is given.
// fill: null, or a function that sets fields which the user has not written, before the defaults.
using FillUnwritten = std::function<Status(TrainConfig* written)>;
Result<TrainConfig> LoadTrainConfig(const std::string& path, const std::vector<std::string>& sets,
                                    const FillUnwritten& fill = nullptr);

// How long a rank waits for the others until it has the job's configuration from the first one: as
// long as its own reading of the configuration says, or else as long as a job waits by default.
double StartDeadline(const Result<TrainConfig>& own);

// LoadConfig of a CompareConfig whose train_file has become `train` (which --set then reaches), and
// the checks that span fields. The names of data sets, `base` and `k` are filled in where they are
// not written. With fit_settings, `train` has only what is written, so that the rest can fit the
// log of each run; otherwise it has its defaults.
Result<CompareConfig> LoadCompareConfig(const std::string& path,
                                        const std::vector<std::string>& sets);

// The job that all runs of a method share: config.train with the method's objective and its `set`s,
// and with default values filled in. It lacks seed, logs and paths, which are those of a run, and
// is not complete yet (FinishTrainConfig). fill: as in LoadTrainConfig. Error: a set is wrong.
Result<TrainConfig> MethodConfig(const CompareConfig& config, const CompareMethod& method,
                                 const FillUnwritten& fill = nullptr);

// The method with one of the settings of a sweep.
CompareMethod WithSetting(const CompareMethod& method, const CompareSetting& setting);

// Applies only the sets of LoadConfig, to what *config holds; the caller adds defaults and checks
// (FinishTrainConfig).
Status ApplySets(const std::vector<std::string>& sets, google::protobuf::Message* config);

// Completes and checks, as LoadTrainConfig does, a job that no user wrote as it is: one that was
// saved, maybe by an older build, or made by the program. A setting without effect is not refused
// here. Messages name `where` in place of file and line.
Status FinishTrainConfig(const std::string& where, TrainConfig* config);

// The whole effective configuration in text format; LoadConfig of it gives the same message.
std::string PrintConfig(const google::protobuf::Message& config);

// The fields in which two configurations differ, as lines "path: value | value", except the paths
// under `ignored` ("cluster", "compute.threads").
std::vector<std::string> DifferingFields(const google::protobuf::Message& a,
                                         const google::protobuf::Message& b,
                                         const std::vector<std::string>& ignored);

}  // namespace chorus
