// LoadCompareConfig: a comparison and the job that its runs share, as one configuration.

#include <set>

#include "common/config.h"
#include "common/config_internal.h"
#include "common/file.h"
#include "common/strings.h"

namespace chorus {
namespace {

using internal::FieldError;
using internal::Origins;

// train_file becomes train, so that --set reaches its fields.
Status ReadTrainFile(CompareConfig* config, Origins* origins) {
  if (config->common_case() != CompareConfig::kTrainFile) return Status::Ok();
  const std::string path = config->train_file();
  Result<std::string> text = ReadWholeFile(PosixFiles(), path);
  if (!text.ok()) {
    return text.status().Annotate(StrCat(origins->Of("train_file"), ": train_file"));
  }
  origins->Replace("train", path);
  return internal::ParseText(path, *text, "train", config->mutable_train(), origins);
}

// Names become parts of paths and of addresses on the command line.
bool IsRunName(std::string_view name) {
  return !name.empty() && name.front() != '.' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "0123456789_-.") == std::string_view::npos;
}

Status CheckName(const std::string& name, const std::string& path, const Origins& origins,
                 std::set<std::string>* seen) {
  if (!IsRunName(name)) {
    return FieldError(
        origins.Of(path), path,
        StrCat(name.empty() ? "is empty" : StrCat("\"", name, "\" is no name"),
               "; allowed: letters, digits, '_', '-' and '.', which does not stand first"));
  }
  if (seen->insert(name).second) return Status::Ok();
  return FieldError(
      origins.Of(path), path,
      StrCat("\"", name, "\" is the name of an earlier one; required: one of its own"));
}

Status CheckSets(const CompareConfig& config, const CompareMethod& method, const std::string& path,
                 const Origins& origins) {
  const std::string& place = origins.Of(path + ".set");
  for (const std::string& set : method.set()) {
    const std::string refusal = internal::WhyNotOfMethod(set);
    if (!refusal.empty()) return FieldError(place, path + ".set", refusal);
  }
  const Result<TrainConfig> job = MethodConfig(config, method);
  if (!job.ok()) return FieldError(place, path + ".set", job.status().message());
  return internal::CheckAllowed(*job, "", Origins(StrCat(place, ": ", path, ".set")));
}

// Whether the method has a CTR loss: its w_ctr is not 0. REQUIRES: a method is set.
bool TrainsCtr(const ObjectiveConfig& objective) {
  const auto* const one = objective.GetDescriptor()->FindOneofByName("method");
  const auto* const set = objective.GetReflection()->GetOneofFieldDescriptor(objective, one);
  const google::protobuf::Message& method = objective.GetReflection()->GetMessage(objective, set);
  const auto* const weight = method.GetDescriptor()->FindFieldByName("w_ctr");
  return weight == nullptr || method.GetReflection()->GetDouble(method, weight) > 0;
}

// A method's name, or "" where the field may be left out.
Status CheckMethodName(const std::string& name, const std::string& path,
                       const std::set<std::string>& methods, const Origins& origins) {
  if (name.empty() || methods.contains(name)) return Status::Ok();
  return FieldError(origins.Of(path), path,
                    StrCat("\"", name, "\" is not a method; allowed: ",
                           Join({methods.begin(), methods.end()}, ", ")));
}

// As CheckMethodName, for a method whose pCTR and pCVR are both used, so that it may be no reference.
Status CheckMeasuredMethod(const CompareConfig& config, const std::string& name,
                           const std::string& path, const std::set<std::string>& methods,
                           const Origins& origins) {
  RETURN_IF_ERROR(CheckMethodName(name, path, methods, origins));
  for (const CompareMethod& method : config.method()) {
    if (name.empty() || method.name() != name) continue;
    if (method.reference() || method.potential()) {
      return FieldError(origins.Of(path), path,
                        StrCat("\"", name, "\" is a reference: what it says of clicks means ",
                               "nothing; allowed: a method that is none"));
    }
    ASSIGN_OR_RETURN(const TrainConfig job, MethodConfig(config, method));
    if (path == "common_ctr" && !TrainsCtr(job.objective())) {
      return FieldError(origins.Of(path), path,
                        StrCat("\"", name, "\" has w_ctr 0: its pCTR is not trained"));
    }
  }
  return Status::Ok();
}

// Numbers of places, each asked for once.
Status CheckK(const CompareConfig& config, const Origins& origins) {
  std::set<uint32_t> seen;
  for (const uint32_t k : config.k()) {
    if (seen.insert(k).second) continue;
    return FieldError(origins.Of("k"), "k", StrCat(k, " is written twice; allowed: each once"));
  }
  return Status::Ok();
}

Status CheckData(const CompareConfig& config, const Origins& origins) {
  if (config.data_size() == 0) {
    return FieldError(origins.Of("data"), "data", "is not written; required: at least one");
  }
  std::set<std::string> names;
  for (int i = 0; i < config.data_size(); ++i) {
    const std::string path = StrCat("data.", i);
    RETURN_IF_ERROR(CheckName(config.data(i).name(), path + ".name", origins, &names));
    if (config.data(i).train_size() == 0 || config.data(i).test_size() == 0) {
      return FieldError(origins.Of(path), path, "required: train and test, at least one log each");
    }
  }
  return Status::Ok();
}

Status CheckMethods(const CompareConfig& config, const Origins& origins,
                    std::set<std::string>* names) {
  if (config.method_size() == 0) {
    return FieldError(origins.Of("method"), "method", "is not written; required: at least one");
  }
  for (int i = 0; i < config.method_size(); ++i) {
    const CompareMethod& method = config.method(i);
    const std::string path = StrCat("method.", i);
    RETURN_IF_ERROR(CheckName(method.name(), path + ".name", origins, names));
    if (method.objective().method_case() == ObjectiveConfig::METHOD_NOT_SET) {
      return FieldError(origins.Of(path), path + ".objective",
                        "is not written; required: a method, such as { esmm {} }");
    }
    RETURN_IF_ERROR(CheckSets(config, method, path, origins));
    if (method.potential() && !method.reference()) {
      return FieldError(origins.Of(path), path + ".potential",
                        "trains on labels that no real log has; required: reference: true");
    }
    for (int d = 0; method.potential() && d < config.data_size(); ++d) {
      if (config.data(d).potential_size() > 0) continue;
      return FieldError(origins.Of(path), path + ".potential",
                        StrCat("data ", config.data(d).name(), " has no potential log"));
    }
  }
  return Status::Ok();
}

Status CheckSweep(const CompareConfig& config, const Origins& origins) {
  if (config.sweep_by() == CheckpointConfig::NONE) {
    return FieldError(origins.Of("sweep_by"), "sweep_by", "NONE tells no setting from another");
  }
  std::set<std::string> names;
  for (int i = 0; i < config.sweep_size(); ++i) {
    const std::string path = StrCat("sweep.", i);
    RETURN_IF_ERROR(CheckName(config.sweep(i).name(), path + ".name", origins, &names));
    for (const CompareMethod& method : config.method()) {
      if (method.reference()) continue;
      RETURN_IF_ERROR(CheckSets(config, WithSetting(method, config.sweep(i)), path, origins));
    }
  }
  for (int i = 0; config.sweep_size() > 0 && i < config.data_size(); ++i) {
    if (config.data(i).validation_size() > 0) continue;
    const std::string path = StrCat("data.", i);
    return FieldError(origins.Of(path), path + ".validation",
                      "required with a sweep: a log to judge settings on, as `chorus import "
                      "--split train:0.8,validation:0.1,test:0.1` makes it");
  }
  return Status::Ok();
}

// Names that are not written, which follow from what is.
void FillNames(CompareConfig* config) {
  for (int i = 0; i < config->data_size(); ++i) {
    if (!config->data(i).has_name()) config->mutable_data(i)->set_name(StrCat(i));
  }
  if (config->base().empty() && config->method_size() > 0) {
    config->set_base(config->method(0).name());
  }
}

// Settings that nobody has written in the jobs are fitted to their logs.
void KeepWritten(const CompareConfig& written, CompareConfig* config) {
  if (written.has_train()) *config->mutable_train() = written.train();
  for (int i = 0; i < written.method_size(); ++i) {
    if (!written.method(i).has_objective()) continue;
    *config->mutable_method(i)->mutable_objective() = written.method(i).objective();
  }
}

}  // namespace

CompareMethod WithSetting(const CompareMethod& method, const CompareSetting& setting) {
  CompareMethod out = method;
  for (const std::string& set : setting.set()) out.add_set(set);
  return out;
}

Result<TrainConfig> MethodConfig(const CompareConfig& config, const CompareMethod& method,
                                 const FillUnwritten& fill) {
  TrainConfig job = config.train();
  // Defaults; LoadCompareConfig has refused those that are written.
  internal::DropIdleLengths(&job);
  *job.mutable_objective() = method.objective();
  RETURN_IF_ERROR(ApplySets({method.set().begin(), method.set().end()}, &job));
  RETURN_IF_ERROR(
      internal::CheckLengths(job, "", Origins(StrCat("set of method ", method.name()))));
  if (fill) RETURN_IF_ERROR(fill(&job));
  internal::FillDefaults(&job);
  return job;
}

Result<CompareConfig> LoadCompareConfig(const std::string& path,
                                        const std::vector<std::string>& sets) {
  CompareConfig config;
  Origins origins(path.empty() ? "configuration" : path);
  RETURN_IF_ERROR(internal::ReadConfig(path, {}, &config, &origins));
  RETURN_IF_ERROR(ReadTrainFile(&config, &origins));
  for (const std::string& set : sets) {
    const std::string refusal = internal::WhyNotOfTrain(set);
    if (!refusal.empty()) return InvalidArgument(StrCat("--set ", set, ": ", refusal));
    RETURN_IF_ERROR(internal::ApplySet(set, &config, &origins));
  }
  FillNames(&config);
  const CompareConfig written = config;
  RETURN_IF_ERROR(internal::CheckLengths(written.train(), "train", origins));
  internal::FillDefaults(&config);
  RETURN_IF_ERROR(internal::CheckAllowed(config, "", origins));
  if (config.fit_settings()) KeepWritten(written, &config);
  std::set<std::string> names, methods;
  RETURN_IF_ERROR(CheckName(config.name(), "name", origins, &names));
  RETURN_IF_ERROR(CheckData(config, origins));
  RETURN_IF_ERROR(CheckMethods(config, origins, &methods));
  RETURN_IF_ERROR(CheckSweep(config, origins));
  RETURN_IF_ERROR(CheckK(config, origins));
  RETURN_IF_ERROR(CheckMeasuredMethod(config, config.base(), "base", methods, origins));
  RETURN_IF_ERROR(CheckMeasuredMethod(config, config.common_ctr(), "common_ctr", methods, origins));
  return config;
}

}  // namespace chorus
