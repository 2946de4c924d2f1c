#pragma once
// The reading order: which exposures make grain g of step t. A pure function of (options, log),
// independent of who reads: that makes the result independent of the machine.
//
// SHUFFLED:   each epoch permutes the blocks and deals them, each to the lane with the fewest rows
//             so far (lowest number first); a lane's blocks form windows of `window_blocks`; inside a
//             window, chunks (up to `context_chunk` consecutive exposures of one context) are
//             shuffled; lane g's stream, cut every grain_rows, gives grain g of steps 1, 2, ... of
//             the epoch.
// SEQUENTIAL: grain g of step t is rows [((t-1) G + g) R, +R) of the log's kept rows, in log order.
// Rows that the filter refuses are dropped before grains are cut. A grain past its lane's end is
// short or empty; an epoch has as many steps as its longest lane needs. Steps count from 1 and run
// on over epochs. Thread safety: a plan is read-only; a GrainReader serves one thread at a time.

#include <cstdint>
#include <memory>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "common/tree.h"
#include "worker/log/batch.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

struct ReadingOptions {
  uint64_t seed = 1;
  DataConfig::Order order = DataConfig::SHUFFLED;
  DataConfig::Rows rows = DataConfig::ALL;
  UnclickedConversion unclicked_conversion = DROP;
  uint32_t epochs = 1;
  uint32_t context_chunk = 16;
  uint32_t window_blocks = 4;
  uint32_t grain_rows = 512;
  uint32_t grains_per_step = 8;
};

struct ReadingCounts {     // of one epoch, from the index alone
  uint64_t rows = 0;       // in the log
  uint64_t kept_rows = 0;  // after policy and filter
  uint64_t dropped_unclicked_conversions = 0;
  uint64_t filtered_rows = 0;  // by DataConfig.rows
};

class ReadingPlan {
 public:
  virtual ~ReadingPlan() = default;
  // `log` must outlive the plan. Error: kInvalidArgument when no row is kept, or under REJECT when
  // the log holds a conversion without a click.
  static Result<std::unique_ptr<ReadingPlan>> Make(const LogReader& log,
                                                   const ReadingOptions& options);
  virtual uint64_t total_steps() const = 0;                 // over all epochs
  virtual uint64_t epoch_of_step(uint64_t step) const = 0;  // from 0
  virtual uint64_t last_step_of_epoch(uint64_t epoch) const = 0;
  virtual ReadingCounts counts() const = 0;
  // `count` readers of these grains, for as many threads: they decode each window once between them
  // while their steps stay close together. They open no blocks of other lanes (SHUFFLED).
  virtual std::vector<std::unique_ptr<class GrainReader>> NewReaders(GrainRange grains,
                                                                     uint32_t count) const = 0;
  std::unique_ptr<class GrainReader> NewReader(GrainRange grains) const;
};

class GrainReader {
 public:
  virtual ~GrainReader() = default;
  // Fills *out with grain `grain` of step `step` (>= 1). Going on by one step is cheap; any other
  // step costs an index look-up and one window. Contexts in *out are unique (a context of a block
  // appears once).
  virtual Status Read(uint64_t step, uint32_t grain, Batch* out) = 0;
};

}  // namespace chorus::worker
