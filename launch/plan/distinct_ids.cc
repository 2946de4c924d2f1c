#include "launch/plan/distinct_ids.h"

#include <algorithm>
#include <atomic>

#include "common/mutex.h"
#include "common/parallel_for.h"
#include "common/progress.h"

namespace chorus::launch {
namespace {

void AddSide(const worker::FeatureColumns& side, const std::vector<worker::SlotRead>& reads,
             std::vector<KeySketch>* sketches) {
  for (const worker::SlotRead& read : reads) {
    KeySketch& sketch = (*sketches)[read.table];
    for (const Key key : side.slots[read.column].keys) sketch.Add(key);
  }
}

// The blocks [begin, end) of the log.
Status AddBlocks(const worker::LogReader& log, const worker::InputLayout& inputs, uint32_t begin,
                 uint32_t end, std::atomic<uint64_t>* rows, std::vector<KeySketch>* sketches) {
  worker::Batch block;
  for (uint32_t i = begin; i < end; ++i) {
    RETURN_IF_ERROR(log.ReadBlock(i, &block));
    AddSide(block.contexts, inputs.slot_reads.context, sketches);
    AddSide(block.exposures, inputs.slot_reads.exposure, sketches);
    *rows += block.rows();
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<KeySketch>> SketchIds(const worker::LogReader& log,
                                         const worker::InputLayout& inputs, uint32_t threads) {
  constexpr uint32_t kBlocksOfPart = 64;
  const auto blocks = static_cast<uint32_t>(log.blocks().size());
  uint64_t all_rows = 0;
  for (const worker::BlockInfo& block : log.blocks()) all_rows += block.rows;
  std::vector<KeySketch> sketches(inputs.tables);
  Status failed;
  Mutex mutex;  // of the three above and the progress line
  ProgressLine line;
  std::atomic<uint64_t> rows = 0;
  const uint64_t parts = (blocks + kBlocksOfPart - 1) / kBlocksOfPart;
  ParallelFor(parts, threads, [&](uint64_t part) {
    const auto begin = static_cast<uint32_t>(part * kBlocksOfPart);
    std::vector<KeySketch> own(inputs.tables);
    const Status status =
        AddBlocks(log, inputs, begin, std::min(blocks, begin + kBlocksOfPart), &rows, &own);
    const MutexLock lock(mutex);
    if (!status.ok()) failed = status;
    for (size_t table = 0; table < own.size(); ++table) sketches[table].Merge(own[table]);
    line.ShowDone("counting ids", rows, all_rows, "exposures");
  });
  line.Clear();
  RETURN_IF_ERROR(failed);
  return sketches;
}

}  // namespace chorus::launch
