// How fast does training run, where does a step's time go, and what share of the machine's matrix
// speed does it reach? Embedded training (one worker, one server, in process) of ChorusCVR with
// towers 360-200-80 on logs of random ids: 23 one-hot slots, and one with heavy contexts. README.md
// gives the columns.
//   step_perf [--threads N] [--steps N] [--log one_hot|context|both] [--grain-rows N]
//             [--context-chunk N] [--precision FP32|BF16] [--brief]

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "common/config.h"
#include "common/log.h"
#include "common/strings.h"
#include "launch/job/local_cluster.h"
#include "perf/support/build_info.h"
#include "perf/support/random_log.h"
#include "perf/support/step_parts.h"
#include "perf/support/timing.h"

namespace chorus::perf {
namespace {

using worker::StepTimes;

// One pass over the log, which creates every row, warms up; its windows repeat every 16 steps.
constexpr uint64_t kWarmUpSteps = 32;
constexpr uint64_t kStepsOfWindow = 16;
constexpr uint32_t kStepRows = 4096;

struct Options {
  uint32_t threads = 1;
  uint64_t steps = 96;
  uint32_t grain_rows = 512;
  uint32_t context_chunk = 0;  // 0: the default of data.context_chunk
  std::string log = "both";
  ComputeConfig::Precision precision = ComputeConfig::FP32;
  bool brief = false;  // the JSON lines only
};

Result<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--brief") {
      options.brief = true;
      continue;
    }
    if (i + 1 == arguments.size()) return InvalidArgument(StrCat(name, ": unknown, or no value"));
    const std::string& value = arguments[++i];
    if (name == "--log") {
      if (value != "one_hot" && value != "context" && value != "both") {
        return InvalidArgument(StrCat("--log ", value, ": one_hot, context or both"));
      }
      options.log = value;
      continue;
    }
    if (name == "--precision") {
      if (!ComputeConfig::Precision_Parse(value, &options.precision)) {
        return InvalidArgument(StrCat("--precision ", value, ": FP32 or BF16"));
      }
      continue;
    }
    const int64_t number = ParseInt64(value).value_or(0);
    if (number < 1) return InvalidArgument(StrCat(name, " ", value, ": a number of at least 1"));
    if (name == "--threads") {
      options.threads = static_cast<uint32_t>(number);
    } else if (name == "--steps") {
      options.steps = static_cast<uint64_t>(number) / kStepsOfWindow * kStepsOfWindow;
      if (options.steps == 0) options.steps = kStepsOfWindow;
    } else if (name == "--context-chunk") {
      options.context_chunk = static_cast<uint32_t>(number);
    } else if (name == "--grain-rows") {
      if (kStepRows % static_cast<uint64_t>(number) != 0) {
        return InvalidArgument(StrCat("--grain-rows ", number, ": not a divisor of 4096"));
      }
      options.grain_rows = static_cast<uint32_t>(number);
    } else {
      return InvalidArgument(StrCat(name, ": unknown"));
    }
  }
  return options;
}

Result<TrainConfig> JobConfig(const Options& options, const RandomLogShape& shape) {
  TrainConfig config;
  config.mutable_data()->add_log("random.log");
  config.mutable_step()->set_grain_rows(options.grain_rows);
  config.mutable_step()->set_grains_per_step(kStepRows / options.grain_rows);
  config.mutable_data()->set_max_steps(kWarmUpSteps + options.steps);
  config.mutable_data()->set_epochs(static_cast<uint32_t>(2 + options.steps / kWarmUpSteps));
  if (options.context_chunk > 0) config.mutable_data()->set_context_chunk(options.context_chunk);
  config.mutable_objective()->mutable_chorus_cvr();
  config.mutable_compute()->set_threads(options.threads);
  config.mutable_compute()->set_precision(options.precision);
  config.mutable_cluster()->set_server_threads(options.threads);
  if (shape.context_slots > 0) {
    for (uint32_t s = 0; s < shape.context_slots; ++s) {
      SlotConfig* const slot = config.add_slot();
      slot->set_name(StrCat("s", s));
      slot->set_pooling(SlotConfig::MEAN);
    }
  }
  RETURN_IF_ERROR(FinishTrainConfig("step_perf", &config));
  return config;
}

struct Training {
  StepTimes times;     // of all measured steps
  double seconds = 0;  // likewise
  double cpu_seconds = 0;
};

Result<Training> MeasureTraining(const TrainConfig& config, FileSystem& files) {
  Training training;
  StepTimes warm, all;
  double begin = 0, cpu_begin = 0;
  const uint64_t last = config.data().max_steps();
  const auto on_step = [&](uint64_t step, const StepTimes& times) {
    if (step == kWarmUpSteps) {
      warm = times;
      begin = Seconds();
      cpu_begin = CpuSeconds();
    } else if (step == last) {
      all = times;
      training.seconds = Seconds() - begin;
      training.cpu_seconds = CpuSeconds() - cpu_begin;
    }
  };
  const auto work = [&](const TrainConfig& job, const worker::WorkerEnvironment& environment) {
    worker::WorkerEnvironment watched = environment;
    watched.on_step = on_step;
    return worker::Train(job, worker::Resume::kNothing, watched).status();
  };
  RETURN_IF_ERROR(launch::RunLocalCluster(config, {}, files, work));
  training.times = {all.read - warm.read,
                    all.pull - warm.pull,
                    all.compute - warm.compute,
                    all.combine - warm.combine,
                    all.all_reduce - warm.all_reduce,
                    all.optimizer - warm.optimizer,
                    all.other - warm.other};
  return training;
}

struct Row {
  const char* name;
  double seconds;
};

void PrintRows(const char* title, const std::vector<Row>& rows, double whole) {
  std::printf("  %s\n", title);
  for (const Row& row : rows) {
    std::printf("    %-28s %9.3f ms %6.1f %%\n", row.name, row.seconds * 1e3,
                100 * row.seconds / whole);
  }
}

// Names and values of the JSON line's "parts_ms".
std::string PartsJson(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    char value[32];
    std::snprintf(value, sizeof(value), "%.3f", row.seconds * 1e3);
    text += StrCat(text.empty() ? "" : ",", "\"", row.name, "\":", value);
  }
  return text;
}

Status MeasureLog(const Options& options, const std::string& name, RandomLogShape shape) {
  shape.rows = kWarmUpSteps * kStepRows;
  ASSIGN_OR_RETURN(const TrainConfig config, JobConfig(options, shape));
  const std::unique_ptr<FileSystem> files = NewMemoryFiles();
  RETURN_IF_ERROR(WriteRandomLog(shape, *files, config.data().log(0)));
  ASSIGN_OR_RETURN(const StepParts parts, MeasureStepParts(config, *files));
  ASSIGN_OR_RETURN(const double peak_before, ProductPeak(config, 2048));
  ASSIGN_OR_RETURN(const Training training, MeasureTraining(config, *files));
  ASSIGN_OR_RETURN(const double peak_after, ProductPeak(config, 2048));
  const double peak = std::max(peak_before, peak_after);

  const auto steps = static_cast<double>(options.steps);
  const double step = training.seconds / steps;
  const StepTimes& t = training.times;
  const std::vector<Row> in_step = {{"read", t.read / steps},
                                    {"pull", t.pull / steps},
                                    {"compute", t.compute / steps},
                                    {"combine", t.combine / steps},
                                    {"all_reduce", t.all_reduce / steps},
                                    {"optimizer", t.optimizer / steps},
                                    {"other", t.other / steps}};
  if (!options.brief) {
    std::printf(
        "%s, %s: %u threads, step %u rows = %u grains of %u, %.0f keys a step, %.0f unique\n",
        name.c_str(), ComputeConfig::Precision_Name(options.precision).c_str(), options.threads,
        kStepRows, kStepRows / options.grain_rows, options.grain_rows, parts.keys,
        parts.unique_keys);
    PrintRows("a step on the trainer's thread", in_step, step);
    PrintRows("its parts, each alone on one thread",
              {{"read and dedup", parts.read},
               {"pool", parts.pool},
               {"dense", parts.dense},
               {"loss", parts.loss},
               {"sparse gradients", parts.unpool},
               {"products of dense", parts.products}},
              step);
    PrintRows("on all threads", {{"products of dense", parts.products_parallel}}, step);
    std::printf("  %.0f exposures/s; %.3f ms a step, %.3f ms of CPU\n", kStepRows / step,
                step * 1e3, training.cpu_seconds / steps * 1e3);
    std::printf("  %.1f GFLOP/s in the step, %.1f the same products alone, %.1f peak (2048^3)\n\n",
                parts.flops / step * 1e-9, parts.flops / parts.products_parallel * 1e-9,
                peak * 1e-9);
  }
  std::printf(
      "{\"bench\":\"step_perf\",\"log\":\"%s\",\"precision\":\"%s\",\"threads\":%u,\"steps\":%.0f,"
      "\"exposures_per_s\":%."
      "0f,"
      "\"step_ms\":%.3f,\"cpu_ms\":%.3f,\"parts_ms\":{%s},\"products_ms\":%.3f,"
      "\"share_of_products\":%.3f,\"peak_gflops\":%.1f,\"share_of_peak\":%.3f,%s}\n",
      name.c_str(), ComputeConfig::Precision_Name(options.precision).c_str(), options.threads,
      steps, kStepRows / step, step * 1e3, training.cpu_seconds / steps * 1e3,
      PartsJson(in_step).c_str(), parts.products_parallel * 1e3, parts.products_parallel / step,
      peak * 1e-9, parts.flops / step / peak, BuildInfoJson().c_str());
  std::fflush(stdout);
  return Status::Ok();
}

Status Main(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const Options options, ParseOptions(arguments));
  SetLogLevel(LogLevel::kWarning);
  if (options.log != "context") RETURN_IF_ERROR(MeasureLog(options, "one_hot", {}));
  if (options.log != "one_hot") {
    RandomLogShape heavy;
    heavy.exposure_slots = 10;
    heavy.context_slots = 20;
    heavy.tokens_per_slot = 10;
    heavy.rows_per_context = 40;
    RETURN_IF_ERROR(MeasureLog(options, "context", heavy));
  }
  return Status::Ok();
}

}  // namespace
}  // namespace chorus::perf

int main(int argc, char** argv) {
  const chorus::Status status = chorus::perf::Main({argv + 1, argv + argc});
  if (status.ok()) return 0;
  std::fprintf(stderr, "step_perf: %s\n", status.ToString().c_str());
  return 1;
}
