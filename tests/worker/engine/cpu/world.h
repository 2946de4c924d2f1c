#pragma once
// A seeded grain of the world of test_config.h, with embeddings.

#include <memory>
#include <string>
#include <vector>

#include "tests/support/random_floats.h"
#include "tests/worker/model/test_config.h"
#include "worker/engine/cpu/grain_compute.h"

namespace chorus::worker {

struct TestGrain {
  Batch batch;
  SlotReads reads;
  GrainPositions positions;
  std::vector<uint32_t> key_count;              // [configured tables]
  std::vector<std::vector<float>> embeddings;   // [instance][key * dim]
  std::vector<std::vector<const float*>> rows;  // [instance][key]
  std::vector<const float* const*> row_tables;  // [instance]

  uint32_t stage = UINT32_MAX;
  uint64_t step = 0;

  GrainInput input() const { return {&batch, &positions, row_tables.data(), stage, step}; }
  void PointAtEmbeddings(const std::vector<uint32_t>& dims);
};

// keys: number of keys of each table; every context has an exposure.
TestGrain MakeGrain(const Model& model, const std::vector<uint32_t>& dims, uint64_t seed,
                    uint32_t exposures, uint32_t contexts);
// The same exposures, each with a context of its own.
TestGrain Expanded(const TestGrain& grain, const std::vector<uint32_t>& dims);
// Rows `order` of an expanded grain; call PointAtEmbeddings.
TestGrain RowsOf(const TestGrain& expanded, const std::vector<uint32_t>& order);
// The same grain with table t's key k at position renumber[t][k].
TestGrain Renumbered(const TestGrain& grain, const std::vector<uint32_t>& dims,
                     const std::vector<std::vector<uint32_t>>& renumber);

}  // namespace chorus::worker
