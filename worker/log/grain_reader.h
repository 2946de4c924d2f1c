#pragma once
// The reading order: which exposures make grain g of step t. It is a pure function of (options,
// log) and does not depend on who reads, so that training does not depend on the machine.
//
// SHUFFLED:   each epoch permutes the blocks and deals them, each to the lane with the fewest rows
//             so far (the lowest number among equals). A lane's blocks form windows of
//             `window_blocks`. Inside a window, chunks (up to `context_chunk` consecutive exposures
//             of one context) are shuffled. Lane g's stream is cut every `grain_rows` rows into
//             grain g of steps 1, 2, ... of the epoch.
// SEQUENTIAL: grain g of step t is the rows [((t-1) G + g) R, +R) of the log's kept rows, in log
//             order; G = grains_per_step, R = grain_rows.
// Rows that are not kept are dropped before grains are cut. At the end of its lane a grain is short
// or empty; an epoch has as many steps as its longest lane needs. Steps count from 1, through all
// epochs. Thread safety: a plan is read-only; a GrainReader serves one thread at a time.

#include <cstdint>
#include <memory>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "common/tree.h"
#include "worker/log/batch.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

// The defaults of a job are in config.proto alone.
struct ReadingOptions {
  uint64_t seed = 1;
  DataConfig::Order order = DataConfig::SHUFFLED;
  DataConfig::Rows rows = DataConfig::ALL;
  UnclickedConversion unclicked_conversion = DROP;
  uint32_t epochs = 1;
  uint32_t context_chunk = 1;
  uint32_t window_blocks = 1;
  uint32_t grain_rows = 1;
  uint32_t grains_per_step = 1;
  // Of a log that is one of several in a run: steps count from steps_before + 1, and its epochs are
  // shuffled as if epochs_before others had come before them.
  uint64_t steps_before = 0;
  uint64_t epochs_before = 0;
  bool may_be_empty = false;  // no row need be kept; there are no steps then
};

// Rows of one epoch, from the log's index alone.
struct ReadingCounts {
  uint64_t rows = 0;       // in the log
  uint64_t kept_rows = 0;  // that grains hold
  uint64_t dropped_unclicked_conversions = 0;
  uint64_t filtered_rows = 0;  // dropped by DataConfig.rows
};

class ReadingPlan {
 public:
  virtual ~ReadingPlan() = default;
  // `log` must outlive the plan. Error: kInvalidArgument when no row is kept, or under REJECT when
  // the log holds a conversion without a click.
  static Result<std::unique_ptr<ReadingPlan>> Make(const LogReader& log,
                                                   const ReadingOptions& options);
  virtual uint64_t total_steps() const = 0;  // over all epochs, steps_before included
  virtual uint64_t epoch_of_step(uint64_t step) const = 0;  // from 0
  virtual uint64_t last_step_of_epoch(uint64_t epoch) const = 0;
  virtual ReadingCounts counts() const = 0;
  // `count` readers of these grains, one for each of `count` threads. The readers share decoded
  // windows: a window is decoded once, as long as the readers are in it at the same time. With
  // SHUFFLED they read no block of another lane.
  virtual std::vector<std::unique_ptr<class GrainReader>> NewReaders(GrainRange grains,
                                                                     uint32_t count) const = 0;
  std::unique_ptr<class GrainReader> NewReader(GrainRange grains) const;
};

class GrainReader {
 public:
  virtual ~GrainReader() = default;
  // Fills *out with grain `grain` of step `step` (>= 1). The next step is cheap; any other step
  // costs the decoding of one window. A context of a block appears once in *out. Error:
  // ReadBlock's.
  virtual Status Read(uint64_t step, uint32_t grain, Batch* out) = 0;
};

}  // namespace chorus::worker
