#pragma once
// What a Workspace (grain_compute.h) holds; seen by GrainCompute alone.

#include <algorithm>
#include <memory>
#include <vector>

#include "worker/engine/cpu/grain_compute.h"
#include "worker/engine/cpu/grain_keys.h"
#include "worker/layers/graph_buffers.h"
#include "worker/math/aligned_matrix.h"
#include "worker/math/tile_matrix.h"
#include "worker/model/network.h"

namespace chorus::worker {

class GrainWorkspace final : public Workspace {
 public:
  GrainWorkspace(const InputLayout& inputs, const Network& network, int64_t grain_rows,
                 GraphBuffers::Storage storage)
      : logits_(grain_rows, network.heads),
        dlogits_(grain_rows, network.heads),
        pooled(kTile, std::max(inputs.contexts.width(), inputs.exposures.width())),
        keys(inputs.tables),
        positions(inputs.tables) {
    for (const GroupPlan& plan : network.groups) {
      groups.emplace_back(plan.graph, grain_rows, storage);
    }
  }

  MatrixView<const float> logits() const override { return logits_.Top(rows); }
  MatrixView<float> dlogits() override { return dlogits_.Top(rows); }
  const GrainCounters& counters() const override { return counted; }
  MatrixView<float> padded_logits() { return logits_.view(); }
  MatrixView<float> padded_dlogits() { return dlogits_.view(); }

 private:
  AlignedMatrix logits_;
  AlignedMatrix dlogits_;

 public:
  int64_t rows = 0;  // of the grain at hand
  int64_t padded_contexts = 0;
  uint32_t stage = 0;  // whose gradients it holds
  std::vector<GraphBuffers> groups;
  AlignedMatrix pooled;         // a panel of inputs that are kept in tiles, before it is rounded
  std::vector<GrainKeys> keys;  // [configured tables]
  std::vector<std::vector<uint32_t>> positions;  // [configured tables], listed keys of the grain
  GrainCounters counted;
};

}  // namespace chorus::worker
