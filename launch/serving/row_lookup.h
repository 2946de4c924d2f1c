#pragma once
// Where the embeddings of a few rows' keys lie: what GrainInput reads (grain_compute.h), from tables
// in memory. Thread safety: none; a look-up serves one thread at a time.

#include <cstdint>
#include <deque>
#include <vector>

#include "launch/serving/served_model.h"
#include "worker/engine/cpu/grain_compute.h"
#include "worker/log/batch.h"

namespace chorus::launch {

class RowLookup {
 public:
  explicit RowLookup(const ServedModel& model);  // outlives the look-up

  // Until the next call. `batch` outlives the use of the result.
  worker::GrainInput Find(const worker::Batch& batch);

 private:
  void AddSide(const std::vector<worker::SlotRead>& reads, const worker::FeatureColumns& columns,
               std::vector<std::vector<uint32_t>>* positions);
  const float* RowOf(const ServedTable& table, Key key);

  const ServedModel& model_;
  worker::GrainPositions positions_;
  std::vector<std::vector<const float*>> rows_;  // [table instance][position]
  std::vector<const float* const*> tables_;      // [table instance]
  std::deque<std::vector<float>> initial_;       // of keys that training has not seen
};

}  // namespace chorus::launch
