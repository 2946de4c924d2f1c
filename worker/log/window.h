#pragma once
// A window: a few decoded blocks and the order in which their kept rows stand in a lane.
// Thread safety: threads may decode different blocks at once; a finished window is read by any.

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/log/gather.h"
#include "worker/log/grain_reader.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

// What one reader keeps while it numbers the contexts of batches: grows to the largest window.
struct ContextNumbers {
  // By context of a window: its number in the batch, valid where the stamp is the current one.
  std::vector<uint32_t> number;
  std::vector<uint64_t> stamp;
  uint64_t current_stamp = 0;
  std::vector<RowRef> fresh;
};

class Window {
 public:
  // Makes room for `blocks` blocks, to be decoded next.
  void Begin(const LogSchema& schema, size_t blocks);
  // Decodes block `index` of the log as the window's i-th.
  Status Decode(const LogReader& log, uint32_t index, size_t i) {
    return log.ReadBlock(index, &blocks_[i]);
  }
  // After all of them: keeps the rows that policy and filter keep, in log order.
  void Finish(const ReadingOptions& options);
  // Reorders them by chunks: runs of up to options.context_chunk consecutive kept rows of one
  // context. Without context columns each row is a chunk of its own.
  void Shuffle(const ReadingOptions& options, uint64_t epoch, uint32_t lane, uint64_t window);

  uint64_t rows() const { return order_.size(); }
  // Appends rows [begin, begin + count) to *out, which ClearBatch prepared. Contexts get numbers in
  // order of first use; those of other windows are never the same.
  void Append(uint64_t begin, uint64_t count, ContextNumbers* numbers, Batch* out) const;

 private:
  void NumberContexts(std::span<const RowRef> refs, ContextNumbers* numbers, Batch* out) const;

  const LogSchema* schema_ = nullptr;
  bool shares_contexts_ = false;
  std::vector<Batch> blocks_;  // grows; the first loaded_ are this window's
  size_t loaded_ = 0;
  std::vector<const FeatureColumns*> exposures_;  // of the loaded blocks
  std::vector<const FeatureColumns*> contexts_;
  std::vector<uint32_t> first_context_;  // [block + 1], number of its first context in the window
  std::vector<RowRef> order_;
  std::vector<RowRef> in_log_order_;  // scratch of Shuffle
};

// Makes *out an empty batch of this schema; keeps its memory.
void ClearBatch(const LogSchema& schema, Batch* out);

}  // namespace chorus::worker
