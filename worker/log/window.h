#pragma once
// A window: a few decoded blocks, and the order that their kept rows have in a lane.
// Thread safety: different threads may decode different blocks at the same time; any thread may
// read a finished window.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/log/gather.h"
#include "worker/log/grain_reader.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

// The scratch memory of one reader for numbering the contexts of batches. It grows to the number of
// contexts of the largest window.
struct ContextNumbers {
  // [contexts of a window]: the context's number in the batch, valid where its stamp is current.
  std::vector<uint32_t> number;
  std::vector<uint64_t> stamp;
  uint64_t current_stamp = 0;
  std::vector<RowRef> fresh;  // contexts that are new in the batch, in order of their numbers
};

class Window {
 public:
  // Prepares the window for `blocks` blocks, whose memory may be that of a former window.
  void Begin(const LogSchema& schema, size_t blocks);
  // Decodes block `index` of the log as the window's i-th.
  Status Decode(const LogReader& log, uint32_t index, size_t i) {
    return log.ReadBlock(index, &blocks_[i]);
  }
  // Takes a block that is there already as the window's i-th.
  void Put(Batch block, size_t i) { blocks_[i] = std::move(block); }
  // After all blocks are decoded or put: selects the kept rows, in log order.
  void Finish(const ReadingOptions& options);
  // After Finish: shuffles the kept rows by chunks, which are runs of up to options.context_chunk
  // consecutive kept rows of one context. Without context columns each row is a chunk of its own.
  void Shuffle(const ReadingOptions& options, uint64_t epoch, uint32_t lane, uint64_t window);

  uint64_t rows() const { return order_.size(); }
  // Appends rows [begin, begin + count) of the window's order to *out, which ClearBatch prepared.
  // Contexts get numbers in *out in the order of their first rows. A batch of two windows has no
  // context of both, since a context belongs to one block.
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

// Gives *out the columns of the schema, with no rows, and keeps its memory.
void ClearBatch(const LogSchema& schema, Batch* out);

}  // namespace chorus::worker
