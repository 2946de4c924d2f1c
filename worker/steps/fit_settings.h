#pragma once
// Settings that fit a log: what a job that does not say otherwise takes for its step, its order,
// its optimizers, its towers (fit_model.h) and where its logits start, as a function of the log's
// numbers of rows, clicks, conversions and blocks. perf/README.md, "Settings that fit the log", has
// the searches behind the rules.
// Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

struct LogSize {
  uint64_t rows = 0;  // exposures
  uint64_t clicks = 0;
  uint64_t conversions = 0;  // of clicked rows
  uint64_t blocks = 0;       // 0: not known, and nothing is chosen by it
  uint64_t bytes = 0;        // of the blocks
};
LogSize SizeOf(const LogReader& log);

// "step.grain_rows", "32", "50000 exposures make about 196 steps of 256 an epoch".
struct FittedSetting {
  std::string field;
  std::string value;
  std::string reason;
};

// Earlier builds chose otherwise: a comparison that one of them began goes on by its rules, so that
// its runs stay alike. kWrittenRatesDecay: rates decay, where their schedules are not written, also
// in a configuration that writes every rate. kWithoutTowers: the same, and towers have the default.
enum class FitRules { kCurrent, kWrittenRatesDecay, kWithoutTowers };
inline constexpr FitRules kAllFitRules[] = {FitRules::kCurrent, FitRules::kWrittenRatesDecay,
                                            FitRules::kWithoutTowers};  // the newest one first

// Sets those fields of *config that its user has not written; `config` has no defaults applied.
std::vector<FittedSetting> FitSettings(const LogSize& log, TrainConfig* config,
                                       FitRules rules = FitRules::kCurrent);

// Sets the same fields to what they are in `earlier`, the complete configuration of the run that
// goes on: an older build may have chosen otherwise, or had a default where this one chooses.
void KeepSettings(const TrainConfig& earlier, TrainConfig* config);

}  // namespace chorus::worker
