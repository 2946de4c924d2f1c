#include "perf/gpu_model/job_options.h"

#include <map>

#include "common/config.h"
#include "common/strings.h"
#include "worker/model/embeddings.h"
#include "worker/objective/objective.h"

namespace chorus::perf {

using namespace gpu;
namespace {

constexpr uint64_t kMostTokens = uint64_t{1} << 30;  // of a log at random, which is kept in memory

// The bytes of a row and its part of a context.
double TokensOfRow(const RandomLogShape& shape) {
  const double contexts = 1.0 / shape.rows_per_context;
  double tokens = 0;
  for (const RandomSlot& slot : shape.slots) tokens += slot.tokens * (slot.context ? contexts : 1);
  if (!shape.slots.empty()) return tokens;
  return shape.exposure_slots + contexts * shape.context_slots * shape.tokens_per_slot;
}

Result<JobSource> SourceOfAnchor(const JobOptions& options) {
  if (!options.config.empty() || !options.logs.empty()) {
    return InvalidArgument(StrCat("--anchor ", options.anchor, ": it has a ",
                                  options.config.empty() ? "log" : "configuration",
                                  " of its own; allowed are --anchor, or --config and --log"));
  }
  JobSource source;
  source.anchor = FindAnchor(options.anchor);
  source.shape = LogShapeOf(*source.anchor);
  ASSIGN_OR_RETURN(source.config, ConfigOf(*source.anchor, options.sets));
  return source;
}

Result<JobSource> SourceOfConfig(const JobOptions& options) {
  JobSource source;
  source.shape = options.shape;
  source.random = options.logs.empty();
  std::vector<std::string> sets = options.sets;
  sets.push_back(StrCat("data.log=", source.random ? "random.log" : Join(options.logs, ",")));
  ASSIGN_OR_RETURN(source.config, LoadTrainConfig(options.config, sets));
  RETURN_IF_ERROR(worker::ExpandEmbeddings(&source.config));
  return source;
}

Status CheckAnchor(const std::string& name) {
  if (FindAnchor(name) != nullptr) return Status::Ok();
  std::vector<std::string> known;
  for (const Anchor& anchor : Anchors()) known.emplace_back(anchor.name);
  return InvalidArgument(StrCat("--anchor ", name, ": allowed are ", Join(known, ", ")));
}

Status CheckStage(const TrainConfig& config, uint32_t stage) {
  ASSIGN_OR_RETURN(const std::unique_ptr<worker::Objective> objective,
                   worker::MakeObjective(config.objective(), config.seed()));
  const uint32_t stages = objective->shape().stages();
  if (stage < stages) return Status::Ok();
  return InvalidArgument(
      StrCat("--stage ", stage, ": allowed are 0 to ", stages - 1, ", the stages of the method"));
}

}  // namespace

const char kJobOptionsHelp[] =
    "a job:\n"
    "  --config FILE  --set FIELD=VALUE ...  --log PATH ...\n"
    "  --anchor NAME            a published shape instead of --config and --log\n"
    "  --slots N  --context-slots N  --tokens N  --rows-per-context N  --ids N  --numerics N\n"
    "                           without --log: of a log at random\n"
    "  --steps N  --stage N     steps to read (4); the stage that computes (0)\n";

Status SetJobOption(const Option& option, JobOptions* options) {
  const auto& [name, value] = option;
  const std::map<std::string, std::vector<std::string>*> lists = {{"--set", &options->sets},
                                                                  {"--log", &options->logs}};
  struct Number {
    uint32_t* to;
    CountRange range;
  };
  RandomLogShape& shape = options->shape;
  const std::map<std::string, Number> numbers = {
      {"--steps", {&options->job.steps, {1, 10000}}},
      {"--stage", {&options->job.stage, {0, 100}}},
      {"--slots", {&shape.exposure_slots, {0, 10000}}},
      {"--context-slots", {&shape.context_slots, {0, 10000}}},
      {"--tokens", {&shape.tokens_per_slot, {0, 100000}}},
      {"--rows-per-context", {&shape.rows_per_context, {1, 1000000}}},
      {"--numerics", {&shape.numerics, {0, 10000}}}};
  if (name == "--config") {
    options->config = value;
  } else if (name == "--anchor") {
    RETURN_IF_ERROR(CheckAnchor(value));
    options->anchor = value;
  } else if (const auto list = lists.find(name); list != lists.end()) {
    list->second->push_back(value);
  } else if (const auto number = numbers.find(name); number != numbers.end()) {
    ASSIGN_OR_RETURN(*number->second.to, CountOf(option, number->second.range));
  } else if (name == "--ids") {
    ASSIGN_OR_RETURN(shape.ids_per_slot, CountOf(option, {1, 1000000000}));
  } else {
    return UnknownOption(name);
  }
  return Status::Ok();
}

Result<JobSource> SourceOf(const JobOptions& options) {
  ASSIGN_OR_RETURN(JobSource source,
                   options.anchor.empty() ? SourceOfConfig(options) : SourceOfAnchor(options));
  RETURN_IF_ERROR(CheckStage(source.config, options.job.stage));
  return source;
}

Status JobSource::WriteLog(const JobModelOptions& options) {
  if (!random) return Status::Ok();
  shape.rows = RandomLogRows(config, options);
  const double tokens = TokensOfRow(shape);
  if (static_cast<double>(shape.rows) * tokens > static_cast<double>(kMostTokens)) {
    return InvalidArgument(StrCat("a log at random of ", shape.rows, " rows of ", tokens,
                                  " tokens is too long: allowed are ", kMostTokens,
                                  " tokens in all; ask for fewer GPUs, steps or tokens"));
  }
  memory = NewMemoryFiles();
  return WriteRandomLog(shape, *memory, config.data().log(0));
}

}  // namespace chorus::perf
