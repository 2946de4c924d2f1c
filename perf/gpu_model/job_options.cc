#include "perf/gpu_model/job_options.h"

#include <map>

#include "common/config.h"
#include "common/strings.h"

namespace chorus::perf {

Result<uint32_t> CountOf(const std::string& name, const std::string& value) {
  const int64_t number = ParseInt64(value).value_or(-1);
  if (number < 0 || number > 1000000000) {
    return InvalidArgument(StrCat(name, " ", value, ": not a count"));
  }
  return static_cast<uint32_t>(number);
}

Status SetJobOption(const std::string& name, const std::string& value, JobOptions* options) {
  const std::map<std::string, std::string*> texts = {{"--config", &options->config},
                                                     {"--anchor", &options->anchor}};
  const std::map<std::string, std::vector<std::string>*> lists = {{"--set", &options->sets},
                                                                  {"--log", &options->logs}};
  RandomLogShape& shape = options->shape;
  const std::map<std::string, uint32_t*> numbers = {
      {"--steps", &options->job.steps},     {"--stage", &options->job.stage},
      {"--slots", &shape.exposure_slots},   {"--context-slots", &shape.context_slots},
      {"--tokens", &shape.tokens_per_slot}, {"--rows-per-context", &shape.rows_per_context},
      {"--numerics", &shape.numerics}};
  if (const auto text = texts.find(name); text != texts.end()) {
    *text->second = value;
  } else if (const auto list = lists.find(name); list != lists.end()) {
    list->second->push_back(value);
  } else if (const auto number = numbers.find(name); number != numbers.end()) {
    ASSIGN_OR_RETURN(*number->second, CountOf(name, value));
  } else if (name == "--ids") {
    ASSIGN_OR_RETURN(shape.ids_per_slot, CountOf(name, value));
  } else {
    return NotFound(StrCat(name, ": unknown"));
  }
  return Status::Ok();
}

Result<JobSource> SourceOf(const JobOptions& options) {
  JobSource source;
  source.shape = options.shape;
  source.random = options.logs.empty();
  if (!options.anchor.empty()) {
    source.anchor = FindAnchor(options.anchor);
    if (source.anchor == nullptr) return NotFound(StrCat("--anchor ", options.anchor));
    source.random = true;
    source.shape = LogShapeOf(*source.anchor);
    ASSIGN_OR_RETURN(source.config, ConfigOf(*source.anchor, options.sets));
    return source;
  }
  std::vector<std::string> sets = options.sets;
  sets.push_back(StrCat("data.log=", source.random ? "random.log" : Join(options.logs, ",")));
  ASSIGN_OR_RETURN(source.config, LoadTrainConfig(options.config, sets));
  return source;
}

Status JobSource::WriteLog(const JobModelOptions& options) {
  if (!random) return Status::Ok();
  shape.rows = RandomLogRows(config, options);
  memory = NewMemoryFiles();
  return WriteRandomLog(shape, *memory, config.data().log(0));
}

}  // namespace chorus::perf
