#pragma once
// From what a user wrote to a checked configuration: parse text format, apply --set, fill in
// defaults, check ranges. Works on every message of config.proto by reflection; the schema holds
// defaults and ranges. Errors (kInvalidArgument) read "job.textproto:12: step.grain_rows: 0 is out
// of range, allowed 1 .. 1048576". Thread safety: pure functions.

#include <string>
#include <vector>

#include <google/protobuf/message.h>

#include "common/config.pb.h"
#include "common/status.h"

namespace chorus {

// Fills *config from the text file (path "" = none), then from sets "a.b=value", then defaults,
// then checks. A repeated message is addressed by its name field or its index (table.default.dim,
// table.0.dim); with no or one element the address may be left out. A list is replaced as a whole:
// model.tower.hidden=360,200,80; a message too: objective.esmm={w_ctcvr: 10}. Naming a field of
// another alternative chooses that one.
Status LoadConfig(const std::string& path, const std::vector<std::string>& sets,
                  google::protobuf::Message* config);

// LoadConfig of a TrainConfig, and the checks that span fields (names are unique and known, ASYNC
// refused, ...); adds what is there by default (a table, a tower, an objective, an optimizer).
// Whether data.log is needed is the command's to say.
Result<TrainConfig> LoadTrainConfig(const std::string& path, const std::vector<std::string>& sets);

// LoadConfig of a CompareConfig whose train_file has become `train` (which --set then reaches), and
// the checks that span fields. Names of data, base and k are filled in where they are not written.
Result<CompareConfig> LoadCompareConfig(const std::string& path,
                                        const std::vector<std::string>& sets);

// The job that all runs of a method share: config.train with the method's objective and its `set`s,
// defaults filled in. Seed, logs and paths are those of a run, and not in it. Error: a set is
// wrong.
Result<TrainConfig> MethodConfig(const CompareConfig& config, const CompareMethod& method);

// Only the sets of LoadConfig, on what *config holds; defaults and checks are the caller's
// (FinishTrainConfig).
Status ApplySets(const std::vector<std::string>& sets, google::protobuf::Message* config);

// The same completion and checks for a job that is not read from a file.
Status FinishTrainConfig(const std::string& where, TrainConfig* config);

// Only the steps "defaults" and "checks" of LoadConfig; `where` stands in messages in place of file
// and line.
Status FinishConfig(const std::string& where, google::protobuf::Message* config);

// The whole effective configuration in text format; LoadConfig of it gives the same message.
std::string PrintConfig(const google::protobuf::Message& config);

// The fields in which two configurations differ, as "path: value | value" lines, except paths under
// `ignored` ("cluster", "compute.threads").
std::vector<std::string> DifferingFields(const google::protobuf::Message& a,
                                         const google::protobuf::Message& b,
                                         const std::vector<std::string>& ignored);

}  // namespace chorus
