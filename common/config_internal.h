#pragma once
// What the files that implement config.h share. A field's address is its path: names joined by
// dots, with a number for an element of a repeated message ("table.0.optimizer.adam.lr").
// Thread safety: pure functions.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "common/config.pb.h"
#include "common/status.h"

namespace chorus::internal {

// Where the value of each field was written ("job.textproto:12", "--set step.grain_rows=0"), by
// path. A path without an entry has the place of the nearest path above it.
class Origins {
 public:
  explicit Origins(std::string root) { places_[""] = std::move(root); }
  // Records the place of `path` and forgets the places of everything below it.
  void Replace(const std::string& path, std::string place);
  void Add(const std::string& path, std::string place) { places_[path] = std::move(place); }
  const std::string& Of(std::string path) const;

 private:
  std::map<std::string, std::string> places_;
};

// "a" + "b" = "a.b"; "" + "b" = "b".
std::string Under(const std::string& path, std::string_view name);

// "a whole number 1 .. 4096, a power of two", "SYNC, ASYNC", "a text", ...
std::string WhatIsAllowed(const google::protobuf::FieldDescriptor& field);
// "seed, data, step, ..."
std::string FieldNames(const google::protobuf::Descriptor& type);
// What a message offers instead of a field that the type lacks: "known fields: seed, data, ...",
// or, if an earlier version had a field of that name, "compute.precision, which took its place".
std::string InsteadOf(const std::string& name, const google::protobuf::Descriptor& type);
// "no such field; did you mean "seed"? allowed: known fields: seed, ...", for a name that the type
// lacks.
std::string NoSuchField(const std::string& name, const google::protobuf::Descriptor& type);
// "; did you mean "SYNC"? allowed: SYNC, ASYNC", to follow an error about a value; the question is
// left out when no allowed word is near.
std::string InsteadOfValue(std::string_view written,
                           const google::protobuf::FieldDescriptor& field);
// "place: path: problem"
Status FieldError(const std::string& place, const std::string& path, std::string_view problem);

// Reads the file `path` ("" = none) and then `sets` into *config; the caller adds defaults and
// checks.
Status ReadConfig(const std::string& path, const std::vector<std::string>& sets,
                  google::protobuf::Message* config, Origins* origins);

// Reads text format into *config; errors and *origins name `file` and lines. `path` is the address
// of *config in the whole configuration.
Status ParseText(const std::string& file, const std::string& text, const std::string& path,
                 google::protobuf::Message* config, Origins* origins);

// Applies one "path=value".
Status ApplySet(const std::string& set, google::protobuf::Message* config, Origins* origins);

// Why a set of CompareMethod.set, or one of a comparison's command line, is refused: it names a
// field which the comparison sets for each run. The text names the field, and what to use instead;
// "" if the set names no such field.
std::string WhyNotOfMethod(const std::string& set);
std::string WhyNotOfTrain(const std::string& set);

// Puts the default_value of every field that is not written into *config, recursively; in a oneof
// only the chosen alternative is completed.
void FillDefaults(google::protobuf::Message* config);
// Puts what config.proto's when_empty says into messages and lists with nothing in them,
// recursively. It is for jobs alone: a comparison completes the job that its runs share only when
// it makes a run of it, since a method's `set` may still write there.
void FillWhatIsEmpty(google::protobuf::Message* config);
// Checks ranges and required texts, and that there is no unspecified enum, no NaN and no infinity.
Status CheckAllowed(const google::protobuf::Message& config, const std::string& path,
                    const Origins& origins);

// Refuses a length that is written for a slot which is no sequence, since it would have no effect.
// `config` is as a user wrote it, without defaults; `path` is its address in the whole
// configuration.
Status CheckLengths(const TrainConfig& config, const std::string& path, const Origins& origins);
// Removes such lengths from a complete configuration: defaults, and the configurations of older
// builds, have them everywhere.
void DropIdleLengths(TrainConfig* config);

}  // namespace chorus::internal
