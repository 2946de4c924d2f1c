#include "worker/log/grain_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "worker/log/epoch_layout.h"
#include "worker/log/window.h"
#include "worker/log/window_store.h"

namespace chorus::worker {
namespace {

struct StepInEpoch {
  uint64_t epoch = 0;
  uint64_t step = 0;  // from 0
};

// The last step of each epoch. A plan and its readers have a copy each.
class EpochEnds {
 public:
  EpochEnds(const LogReader& log, const ReadingOptions& options)
      : steps_before_(options.steps_before) {
    // In log order every epoch has the same steps. Shuffled epochs may differ by a few: the deal of
    // the blocks decides the length of the longest lane.
    const uint64_t sequential_steps = options.order == DataConfig::SEQUENTIAL
                                          ? MakeEpochLayout(log.blocks(), options, 0).steps
                                          : 0;
    for (uint32_t epoch = 0; epoch < options.epochs; ++epoch) {
      const uint64_t steps =
          options.order == DataConfig::SEQUENTIAL
              ? sequential_steps
              : MakeEpochLayout(log.blocks(), options, options.epochs_before + epoch).steps;
      ends_.push_back(total_steps() + steps);
    }
  }

  uint64_t total_steps() const { return ends_.empty() ? steps_before_ : ends_.back(); }
  uint64_t End(uint64_t epoch) const {
    CHECK(epoch < ends_.size(), "epoch ", epoch, " of ", ends_.size());
    return ends_[epoch];
  }
  StepInEpoch Find(uint64_t step) const {
    CHECK(step > steps_before_ && step <= total_steps(), "step ", step, " of ", total_steps());
    const auto end = std::lower_bound(ends_.begin(), ends_.end(), step);
    return {static_cast<uint64_t>(end - ends_.begin()),
            step - 1 - (end == ends_.begin() ? steps_before_ : *(end - 1))};
  }

 private:
  uint64_t steps_before_;
  std::vector<uint64_t> ends_;  // [epoch], its last step
};

class LogGrainReader final : public GrainReader {
 public:
  LogGrainReader(const LogReader& log, const ReadingOptions& options, const EpochEnds& epochs,
                 GrainRange grains, std::shared_ptr<WindowStore> windows)
      : log_(log),
        options_(options),
        epochs_(epochs),
        grains_(grains),
        windows_(std::move(windows)) {
    streams_.resize(options.order == DataConfig::SEQUENTIAL ? 1 : grains.size());
  }

  Status Read(uint64_t step, uint32_t grain, Batch* out) override {
    CHECK(grain >= grains_.begin && grain < grains_.end, "grain ", grain);
    const StepInEpoch at = epochs_.Find(step);
    EnterEpoch(options_.epochs_before + at.epoch);
    ClearBatch(log_.schema(), out);
    const bool sequential = options_.order == DataConfig::SEQUENTIAL;
    const uint32_t lane = sequential ? 0 : grain;
    Stream& stream = streams_[sequential ? 0 : grain - grains_.begin];
    const uint64_t slice = sequential ? at.step * options_.grains_per_step + grain : at.step;
    return ReadRows(lane, slice * options_.grain_rows, &stream, out);
  }

 private:
  // The window of a lane that this reader holds.
  struct Stream {
    uint64_t number = 0;  // of `window` in the lane
    std::shared_ptr<const Window> window;
  };

  void EnterEpoch(uint64_t epoch) {
    if (epoch_ == epoch) return;
    layout_ = MakeEpochLayout(log_.blocks(), options_, epoch);
    epoch_ = epoch;
    for (Stream& stream : streams_) stream.window.reset();
  }

  // Appends up to grain_rows rows of the lane's stream from row `begin` on: fewer, or none, at the
  // end of the lane.
  Status ReadRows(uint32_t lane_number, uint64_t begin, Stream* stream, Batch* out) {
    const Lane& lane = layout_.lanes[lane_number];
    const uint64_t end = std::min(begin + options_.grain_rows, lane.rows());
    while (begin < end) {
      // A grain may cross the border of two windows, and a small window may be inside a grain.
      const auto next = std::upper_bound(lane.window_begin.begin(), lane.window_begin.end(), begin);
      const uint64_t window = static_cast<uint64_t>(next - lane.window_begin.begin()) - 1;
      RETURN_IF_ERROR(EnterWindow(lane_number, window, stream));
      const uint64_t count = std::min(end, *next) - begin;
      stream->window->Append(begin - lane.window_begin[window], count, &numbers_, out);
      begin += count;
    }
    return Status::Ok();
  }

  Status EnterWindow(uint32_t lane_number, uint64_t window, Stream* stream) {
    if (stream->window != nullptr && stream->number == window) return Status::Ok();
    const Lane& lane = layout_.lanes[lane_number];
    const size_t first = window * layout_.window_blocks;
    const size_t count = std::min<size_t>(layout_.window_blocks, lane.blocks.size() - first);
    stream->window.reset();  // first, so that its memory can serve the next one
    ASSIGN_OR_RETURN(stream->window, windows_->Get({*epoch_, lane_number, window},
                                                   std::span(lane.blocks).subspan(first, count)));
    // ReadBlock compares each block with its index entry, from which window_begin comes.
    CHECK(stream->window->rows() == lane.window_begin[window + 1] - lane.window_begin[window],
          "window ", window);
    stream->number = window;
    return Status::Ok();
  }

  const LogReader& log_;
  const ReadingOptions options_;
  const EpochEnds epochs_;
  const GrainRange grains_;
  std::optional<uint64_t> epoch_;
  EpochLayout layout_;           // of epoch_
  std::vector<Stream> streams_;  // SHUFFLED: one per grain of grains_; SEQUENTIAL: one
  ContextNumbers numbers_;
  const std::shared_ptr<WindowStore> windows_;
};

class LogReadingPlan final : public ReadingPlan {
 public:
  LogReadingPlan(const LogReader& log, const ReadingOptions& options, const ReadingCounts& counts)
      : log_(log), options_(options), counts_(counts), epochs_(log, options) {}

  uint64_t total_steps() const override { return epochs_.total_steps(); }
  uint64_t epoch_of_step(uint64_t step) const override { return epochs_.Find(step).epoch; }
  uint64_t last_step_of_epoch(uint64_t epoch) const override { return epochs_.End(epoch); }
  ReadingCounts counts() const override { return counts_; }
  std::vector<std::unique_ptr<GrainReader>> NewReaders(GrainRange grains,
                                                       uint32_t count) const override {
    CHECK(grains.begin <= grains.end && grains.end <= options_.grains_per_step, "grains [",
          grains.begin, ", ", grains.end, ")");
    const auto windows = std::make_shared<WindowStore>(log_, options_);
    std::vector<std::unique_ptr<GrainReader>> readers(count);
    for (std::unique_ptr<GrainReader>& reader : readers) {
      reader = std::make_unique<LogGrainReader>(log_, options_, epochs_, grains, windows);
    }
    return readers;
  }

 private:
  const LogReader& log_;
  const ReadingOptions options_;
  const ReadingCounts counts_;
  const EpochEnds epochs_;
};

ReadingCounts CountRows(const LogReader& log, const ReadingOptions& options) {
  ReadingCounts counts;
  for (const BlockInfo& block : log.blocks()) {
    counts.rows += block.rows;
    counts.kept_rows += KeptRows(block, options);
    if (options.unclicked_conversion != KEEP_UNCLICKED) {
      counts.dropped_unclicked_conversions += block.unclicked_conversions;
    }
  }
  counts.filtered_rows = counts.rows - counts.kept_rows - counts.dropped_unclicked_conversions;
  return counts;
}

// The error that names the log's first conversion without a click; ok when there is none. It reads
// a block only where the index says that there is such a row.
Status RejectUnclickedConversion(const LogReader& log) {
  for (uint32_t index = 0; index < log.blocks().size(); ++index) {
    if (log.blocks()[index].unclicked_conversions == 0) continue;
    Batch block;
    RETURN_IF_ERROR(log.ReadBlock(index, &block));
    for (uint32_t row = 0; row < block.rows(); ++row) {
      if (block.click[row] != 0 || block.conversion[row] == 0) continue;
      return InvalidArgument(StrCat(log.files()[log.blocks()[index].file], ": row id ",
                                    block.row_id[row],
                                    " has a conversion without a click, and "
                                    "data.unclicked_conversion is REJECT"));
    }
  }
  return Status::Ok();
}

}  // namespace

std::unique_ptr<GrainReader> ReadingPlan::NewReader(GrainRange grains) const {
  return std::move(NewReaders(grains, 1)[0]);
}

Result<std::unique_ptr<ReadingPlan>> ReadingPlan::Make(const LogReader& log,
                                                       const ReadingOptions& options) {
  CHECK(options.grain_rows >= 1 && options.grains_per_step >= 1 && options.window_blocks >= 1 &&
            options.context_chunk >= 1 && options.epochs >= 1,
        "the options were not checked");
  if (options.unclicked_conversion == REJECT) RETURN_IF_ERROR(RejectUnclickedConversion(log));
  const ReadingCounts counts = CountRows(log, options);
  if (counts.kept_rows == 0 && !options.may_be_empty) {
    return InvalidArgument(StrCat(
        "no row of the log is kept: ", counts.rows, " rows, ", counts.dropped_unclicked_conversions,
        " conversions without a click dropped, ", counts.filtered_rows, " refused by data.rows"));
  }
  return std::unique_ptr<ReadingPlan>(std::make_unique<LogReadingPlan>(log, options, counts));
}

}  // namespace chorus::worker
