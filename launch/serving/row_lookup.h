#pragma once
// Finds the embeddings of a few rows' keys, from tables in memory, for GrainInput
// (grain_compute.h). Thread safety: none; a look-up serves one thread at a time.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "launch/serving/served_model.h"
#include "worker/engine/cpu/grain_compute.h"
#include "worker/log/batch.h"

namespace chorus::launch {

class RowLookup {
 public:
  explicit RowLookup(const ServedModel& model);  // outlives the look-up

  // The result is valid until the next call. `batch` must outlive its use.
  worker::GrainInput Find(const worker::Batch& batch);

 private:
  void AddSide(const std::vector<worker::SlotRead>& reads, const worker::FeatureColumns& columns,
               std::vector<std::vector<uint32_t>>* positions);
  const float* RowOf(size_t instance, Key key);
  const float* InitialRow(size_t instance, Key key);

  const ServedModel& model_;
  worker::GrainPositions positions_;
  std::vector<std::vector<const float*>> rows_;  // [table instance][position]
  std::vector<const float* const*> tables_;      // [table instance]
  // Rows of keys that training has not seen, by table instance: drawing one takes longer than
  // computing a layer's row, and a key that comes once comes again.
  std::vector<std::unordered_map<Key, std::vector<float>>> initial_;
  size_t initial_rows_ = 0;
};

}  // namespace chorus::launch
