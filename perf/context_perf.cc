// What does a model of layers over contexts cost, and what does it cost on the joined log, where
// every exposure has its context for itself? Embedded training of ESMM on a log of random ids: a
// history of 200 ids and 10 one-hot slots in each context, which 40 exposures share, 10 one-hot
// slots in each exposure. Both logs have the same exposures in the same order, so that the losses
// must agree. README.md gives the columns.
//   context_perf [--steps N] [--rows N] [--only ENCODER]      (rows of a step)

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "common/config.h"
#include "common/log.h"
#include "common/strings.h"
#include "launch/job/local_cluster.h"
#include "perf/support/build_info.h"
#include "perf/support/random_log.h"
#include "perf/support/timing.h"
#include "worker/train/trainer.h"

namespace chorus::perf {
namespace {

constexpr uint32_t kShared = 40;  // exposures of a context
constexpr uint32_t kHistory = 200;
constexpr uint32_t kSlots = 10;  // one-hot slots of each side
constexpr uint64_t kWarmUpSteps = 2;

struct Options {
  uint64_t steps = 6;  // those that are measured
  uint32_t rows = 512;
  std::string only;  // the encoder that is measured; "" = all
};

// s0 is the history, s1 to s10 are the other slots of contexts, s11 to s20 those of exposures.
struct Encoder {
  const char* name;
  const char* slot;
  const char* model;
};
constexpr Encoder kEncoders[] = {
    {"pooled history", "slot={ name: 's0' pooling: MEAN }", "model={ tower { hidden: 80 } }"},
    {"context tower", "slot={ name: 's0' pooling: MEAN }",
     "model={ encoder { name: 'who' input: 'contexts' mlp { hidden: [360, 200, 80] } } "
     "tower { hidden: 80 input: ['inputs', 'who'] } }"},
    {"DIN", "slot={ name: 's0' pooling: SEQUENCE max_length: 200 }",
     "model={ encoder { name: 'interest' target_attention { sequence: 's0' query: 's11' } } "
     "tower { hidden: 80 input: ['inputs', 'interest'] } }"},
    {"self-attention", "slot={ name: 's0' pooling: SEQUENCE max_length: 200 }",
     "model={ encoder { name: 'habits' self_attention { sequence: 's0' } } "
     "tower { hidden: 80 input: ['inputs', 'habits'] } }"},
};

Result<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--only" && i + 1 < arguments.size()) {
      options.only = arguments[++i];
      const auto known = [&](const Encoder& encoder) { return options.only == encoder.name; };
      if (std::any_of(std::begin(kEncoders), std::end(kEncoders), known)) continue;
      return InvalidArgument(StrCat("--only ", options.only, ": no such encoder"));
    }
    const int64_t number = i + 1 < arguments.size() ? ParseInt64(arguments[++i]).value_or(0) : 0;
    if (number < 1) return InvalidArgument(StrCat(name, ": unknown, or no number of at least 1"));
    if (name == "--steps") {
      options.steps = static_cast<uint64_t>(number);
    } else if (name == "--rows") {
      options.rows = static_cast<uint32_t>(number);
    } else {
      return InvalidArgument(StrCat(name, ": unknown"));
    }
  }
  return options;
}

Status WriteLog(const Options& options, bool joined, FileSystem& files) {
  RandomLogShape shape;
  shape.rows = (kWarmUpSteps + options.steps) * options.rows;
  shape.rows_per_context = joined ? 1 : kShared;
  shape.equal_contexts = joined ? kShared : 1;
  shape.ctr = 0.3;
  shape.slots.assign(1, {.ids = 1000000, .tokens = kHistory, .context = true});
  shape.slots.resize(1 + kSlots, {.ids = 1000000, .tokens = 1, .context = true});
  shape.slots.resize(1 + 2 * kSlots, {.ids = 1000000, .tokens = 1, .context = false});
  return WriteRandomLog(shape, files, "random.log");
}

Result<TrainConfig> JobConfig(const Options& options, const Encoder& encoder) {
  TrainConfig config;
  config.mutable_data()->add_log("random.log");
  config.mutable_data()->set_order(DataConfig::SEQUENTIAL);
  config.mutable_step()->set_grain_rows(options.rows);
  config.mutable_step()->set_grains_per_step(1);
  config.mutable_objective()->mutable_esmm();
  config.mutable_compute()->set_threads(1);
  // Embeddings of such a size that every layer moves the loss.
  TableConfig* const table = config.add_table();
  table->set_dim(16);
  table->mutable_initializer()->mutable_normal()->set_stddev(0.3);
  RETURN_IF_ERROR(ApplySets({encoder.slot, encoder.model}, &config));
  RETURN_IF_ERROR(FinishTrainConfig("context_perf", &config));
  return config;
}

struct Outcome {
  double seconds = 0;   // per step
  double loss = 0;      // of the last one
  double contexts = 0;  // pooled, per step
};

Result<Outcome> Measure(const Options& options, const Encoder& encoder, bool joined) {
  const std::unique_ptr<FileSystem> files = NewMemoryFiles();
  RETURN_IF_ERROR(WriteLog(options, joined, *files));
  ASSIGN_OR_RETURN(const TrainConfig config, JobConfig(options, encoder));
  double begin = 0, end = 0;
  Outcome outcome;
  const auto work = [&](const TrainConfig& job, const worker::WorkerEnvironment& environment) {
    worker::WorkerEnvironment watched = environment;
    watched.on_step = [&](uint64_t step, const worker::StepTimes&) {
      if (step == kWarmUpSteps) begin = Seconds();
      end = Seconds();
    };
    const auto result = worker::Train(job, worker::Resume::kNothing, watched);
    if (!result.ok()) return result.status();
    outcome.loss = result->loss;
    outcome.contexts = static_cast<double>(result->contexts_pooled) /
                       static_cast<double>(kWarmUpSteps + options.steps);
    return Status::Ok();
  };
  RETURN_IF_ERROR(launch::RunLocalCluster(config, {}, *files, work));
  outcome.seconds = (end - begin) / static_cast<double>(options.steps);
  return outcome;
}

Status MeasureEncoder(const Options& options, const Encoder& encoder) {
  ASSIGN_OR_RETURN(const Outcome shared, Measure(options, encoder, false));
  ASSIGN_OR_RETURN(const Outcome joined, Measure(options, encoder, true));
  const double difference = std::abs(shared.loss - joined.loss) / std::abs(joined.loss);
  if (!(difference < 1e-4)) {
    return Internal(StrCat(encoder.name, ": the losses differ: ", shared.loss, " with contexts, ",
                           joined.loss, " joined"));
  }
  const double rows = options.rows;
  std::printf("%-15s %10.0f %10.0f %8.1f %12.1f %8.1f %10.2g\n", encoder.name,
              rows / shared.seconds, rows / joined.seconds, joined.seconds / shared.seconds,
              shared.contexts, joined.contexts, difference);
  std::fflush(stdout);
  return Status::Ok();
}

Status Main(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const Options options, ParseOptions(arguments));
  SetLogLevel(LogLevel::kError);
  std::printf("one thread, steps of %u exposures; exposures/s, and contexts a step\n",
              options.rows);
  std::printf("%-15s %10s %10s %8s %12s %8s %10s\n", "", "contexts", "joined", "ratio",
              "of contexts", "joined", "loss diff");
  for (const Encoder& encoder : kEncoders) {
    if (!options.only.empty() && options.only != encoder.name) continue;
    RETURN_IF_ERROR(MeasureEncoder(options, encoder));
  }
  std::printf("{%s}\n", BuildInfoJson().c_str());
  return Status::Ok();
}

}  // namespace
}  // namespace chorus::perf

int main(int argc, char** argv) {
  const chorus::Status status = chorus::perf::Main({argv + 1, argv + argc});
  if (status.ok()) return 0;
  std::fprintf(stderr, "context_perf: %s\n", status.ToString().c_str());
  return 1;
}
