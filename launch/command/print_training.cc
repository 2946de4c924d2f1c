#include "launch/command/print_training.h"

#include <cstdint>
#include <cstdio>
#include <string>

#include "common/stop_signal.h"
#include "common/strings.h"
#include "worker/metrics/metrics.h"
#include "worker/train/best_checkpoint.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

std::string Counted(uint64_t number, const char* one) {
  return StrCat(number, " ", one, number == 1 ? "" : "s");
}

void PrintShare(const char* name, double seconds, double all) {
  if (all > 0) std::printf(" %s %.0f %%", name, 100 * seconds / all);
}

void PrintSteps(const worker::TrainResult& result, uint32_t epochs) {
  const worker::StepTimes& t = result.times;
  const double all = t.read + t.pull + t.compute + t.combine + t.all_reduce + t.optimizer + t.other;
  std::printf("%s in %.1f s, %.0f exposures/s, last loss %.6f\n",
              TrainedText(result, epochs).c_str(), result.seconds,
              result.seconds > 0 ? static_cast<double>(result.exposures) / result.seconds : 0.0,
              result.loss);
  std::printf("time of worker 0:");
  PrintShare("read", t.read, all);
  PrintShare("pull", t.pull, all);
  PrintShare("compute", t.compute, all);
  PrintShare("push", t.combine, all);
  PrintShare("all-reduce", t.all_reduce, all);
  PrintShare("optimizer", t.optimizer, all);
  PrintShare("evaluate and save", t.other, all);
  std::printf("\nkeys of worker 0: %llu, unique per step %llu\n",
              static_cast<unsigned long long>(result.keys_seen),
              static_cast<unsigned long long>(result.keys_unique));
}

// Where it goes on.
void PrintStopped(const worker::TrainResult& result) {
  if (result.checkpoint.empty()) {
    std::printf("stopped by %s; nothing was saved, since checkpoint.directory is not set\n",
                SignalName(StopSignal()).c_str());
  } else {
    std::printf("stopped by %s; the same command with --resume goes on after step %llu\n",
                SignalName(StopSignal()).c_str(), static_cast<unsigned long long>(result.steps));
  }
}

void PrintBest(const TrainConfig& config, const worker::TrainResult& result) {
  const std::string metric = worker::MetricName(result.best->metric());
  const auto step = static_cast<unsigned long long>(result.best->step());
  std::printf("best checkpoint: %s, %s %.5f (--best)\n",
              worker::CheckpointFolder(config.checkpoint().directory(), step).c_str(),
              metric.c_str(), result.best->value());
  if (!result.stopped_early) return;
  std::printf("ended before the last step: %u evaluations were no better than that of step %llu\n",
              config.checkpoint().patience(), step);
}

}  // namespace

std::string TrainedText(const worker::TrainResult& result, uint32_t epochs) {
  std::string text =
      StrCat("trained to step ", result.steps, ": ", Counted(result.exposures, "exposure"));
  const uint64_t resumed_from = result.steps - result.trained_steps;
  if (resumed_from > 0) return StrCat(text, " since step ", resumed_from);
  // All of the run, which may have stages: each has all epochs.
  const uint64_t of_a_stage = result.log_rows * epochs;
  if (of_a_stage == 0 || result.exposures % of_a_stage != 0) return text;
  const uint64_t stages = result.exposures / of_a_stage;
  return StrCat(text, " (", Counted(result.log_rows, "row"), ", ", Counted(epochs, "epoch"),
                stages == 1 ? std::string() : StrCat(", ", Counted(stages, "stage")), ")");
}

void PrintResult(const TrainConfig& config, const worker::TrainResult& result) {
  if (result.exposures > 0) {
    PrintSteps(result, config.data().epochs());
  } else {
    std::printf("nothing was left to train after step %llu\n",
                static_cast<unsigned long long>(result.steps));
  }
  if (result.evaluation.has_value()) {
    std::printf("%s", worker::FormatEvaluation(*result.evaluation).c_str());
  }
  if (!result.checkpoint.empty()) std::printf("checkpoint: %s\n", result.checkpoint.c_str());
  if (result.best.has_value()) PrintBest(config, result);
  if (!config.report().metrics().empty()) {
    std::printf("metrics: %s\n", config.report().metrics().c_str());
  }
  if (result.stopped) PrintStopped(result);
  std::fflush(stdout);
}

}  // namespace chorus::launch
