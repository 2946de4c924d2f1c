// What does a step of a job cost on GPUs, and what bounds it? A model on paper: counts come from a
// dry run, times from what makers print (hardware.h). README.md in perf/ gives the columns.
//   gpu_model --config FILE [--set field=value]... [--log PATH]... [options]
//   gpu_model --anchor NAME [--set field=value]... [options]      a published speed, anchors.h
//     --gpu NAME  --gpus N,N,...  --servers N,N,...  --steps N  --stage N
//   without --log: ids at random, of
//     --slots N  --context-slots N  --tokens N  --rows-per-context N  --ids N  --numerics N

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "common/config.h"
#include "common/log.h"
#include "common/strings.h"
#include "perf/gpu_model/anchors.h"
#include "perf/gpu_model/model_report.h"
#include "perf/support/random_log.h"

namespace chorus::perf {
namespace {

struct Options {
  std::string config;
  std::vector<std::string> sets;
  std::vector<std::string> logs;
  std::string anchor;
  std::string gpu;
  std::vector<uint32_t> gpus;
  std::vector<uint32_t> servers = {1, 2, 4};
  JobModelOptions job;
  RandomLogShape shape;
};

Result<uint32_t> NumberOf(const std::string& name, const std::string& value) {
  const int64_t number = ParseInt64(value).value_or(-1);
  if (number < 0 || number > 1000000000) return InvalidArgument(StrCat(name, " ", value));
  return static_cast<uint32_t>(number);
}

Result<std::vector<uint32_t>> NumbersOf(const std::string& name, const std::string& value) {
  std::vector<uint32_t> numbers;
  for (const std::string& part : Split(value, ',')) {
    ASSIGN_OR_RETURN(const uint32_t number, NumberOf(name, part));
    if (number == 0) return InvalidArgument(StrCat(name, " ", value));
    numbers.push_back(number);
  }
  return numbers;
}

Status SetOption(const std::string& name, const std::string& value, Options* options) {
  const std::map<std::string, std::string*> texts = {
      {"--config", &options->config}, {"--anchor", &options->anchor}, {"--gpu", &options->gpu}};
  const std::map<std::string, std::vector<std::string>*> lists = {{"--set", &options->sets},
                                                                  {"--log", &options->logs}};
  const std::map<std::string, std::vector<uint32_t>*> counts = {{"--gpus", &options->gpus},
                                                                {"--servers", &options->servers}};
  const std::map<std::string, uint32_t*> numbers = {
      {"--steps", &options->job.steps},
      {"--stage", &options->job.stage},
      {"--slots", &options->shape.exposure_slots},
      {"--context-slots", &options->shape.context_slots},
      {"--tokens", &options->shape.tokens_per_slot},
      {"--rows-per-context", &options->shape.rows_per_context},
      {"--numerics", &options->shape.numerics}};
  if (const auto text = texts.find(name); text != texts.end()) {
    *text->second = value;
  } else if (const auto list = lists.find(name); list != lists.end()) {
    list->second->push_back(value);
  } else if (const auto count = counts.find(name); count != counts.end()) {
    ASSIGN_OR_RETURN(*count->second, NumbersOf(name, value));
  } else if (const auto number = numbers.find(name); number != numbers.end()) {
    ASSIGN_OR_RETURN(*number->second, NumberOf(name, value));
  } else if (name == "--ids") {
    ASSIGN_OR_RETURN(options->shape.ids_per_slot, NumberOf(name, value));
  } else {
    return InvalidArgument(StrCat(name, ": unknown"));
  }
  return Status::Ok();
}

Result<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) return InvalidArgument(StrCat(arguments[i], ": no value"));
    RETURN_IF_ERROR(SetOption(arguments[i], arguments[i + 1], &options));
  }
  return options;
}

// A job and the log that it reads.
struct Source {
  TrainConfig config;
  RandomLogShape shape;
  bool random = true;
};

Result<Source> SourceOf(const Options& options) {
  Source source;
  source.shape = options.shape;
  if (!options.anchor.empty()) {
    const Anchor* const anchor = FindAnchor(options.anchor);
    if (anchor == nullptr) return NotFound(StrCat("--anchor ", options.anchor));
    ASSIGN_OR_RETURN(source.config, ConfigOf(*anchor, options.sets));
    source.shape = LogShapeOf(*anchor);
    std::printf("%s: %s; published: %.0fk exposures/s\n", anchor->name, anchor->what,
                anchor->exposures_per_s * 1e-3);
    return source;
  }
  std::vector<std::string> sets = options.sets;
  source.random = options.logs.empty();
  sets.push_back(StrCat("data.log=", source.random ? "random.log" : Join(options.logs, ",")));
  ASSIGN_OR_RETURN(source.config, LoadTrainConfig(options.config, sets));
  return source;
}

Status PrintModel(const Options& options, const Source& source, const Gpu& gpu) {
  bool first = true;
  for (const uint32_t gpus : options.gpus) {
    JobModelOptions job = options.job;
    job.gpus = gpus;
    std::unique_ptr<FileSystem> memory;
    if (source.random) {
      RandomLogShape shape = source.shape;
      shape.rows = RandomRows(source.config, job);
      memory = NewMemoryFiles();
      RETURN_IF_ERROR(WriteRandomLog(shape, *memory, source.config.data().log(0)));
    }
    FileSystem& files = source.random ? *memory : PosixFiles();
    ASSIGN_OR_RETURN(JobModel model, ModelJob(source.config, files, job));
    Cluster cluster = {&gpu, gpus, 1, source.config.compute().cuda().precision(), true};
    for (const uint32_t servers : options.servers) {
      RETURN_IF_ERROR(AddTraffic(gpus, servers, &model));
      if (first) {
        PrintStep(model);
        PrintPhases(model, gpu);
        PrintClusterHeader();
        first = false;
      }
      cluster.servers = servers;
      PrintCluster(model, cluster);
    }
    if (gpus == options.gpus.back()) PrintWhatIfs(model, cluster);
  }
  return Status::Ok();
}

Status Main(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(Options options, ParseOptions(arguments));
  SetLogLevel(LogLevel::kWarning);
  ASSIGN_OR_RETURN(const Source source, SourceOf(options));
  const Anchor* const anchor = FindAnchor(options.anchor);
  if (options.gpu.empty()) options.gpu = anchor != nullptr ? anchor->gpu : "A100-80";
  if (options.gpus.empty() && anchor != nullptr) options.gpus = {anchor->gpus};
  if (options.gpus.empty()) options.gpus = {1, 2, 4, 8};
  const Gpu* const gpu = FindGpu(options.gpu);
  if (gpu == nullptr) {
    std::string known;
    for (const Gpu& one : Gpus()) known += StrCat(known.empty() ? "" : ", ", one.name);
    return NotFound(StrCat("--gpu ", options.gpu, ": known are ", known));
  }
  std::printf("peaks: %s\n", gpu->source);
  return PrintModel(options, source, *gpu);
}

}  // namespace
}  // namespace chorus::perf

int main(int argc, char** argv) {
  const chorus::Status status = chorus::perf::Main({argv + 1, argv + argc});
  if (status.ok()) return 0;
  std::fprintf(stderr, "gpu_model: %s\n", status.ToString().c_str());
  return 1;
}
