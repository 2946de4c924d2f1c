#include "worker/layers/graph_buffers.h"

#include <utility>

#include "common/check.h"

namespace chorus::worker {

GraphBuffers::GraphBuffers(const Graph& graph, int64_t grain_rows, Storage storage,
                           MatrixMemory* memory) {
  inputs_.resize(graph.most_inputs());
  buffers_.resize(graph.nodes().size());
  CHECK(storage == Storage::kFloats || memory == nullptr, "tiles are in this machine's memory");
  if (storage == Storage::kTiles) MakeTiles(graph, grain_rows);
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node& node = graph.nodes()[n];
    NodeBuffers& buffers = buffers_[n];
    if (node.memory == n && node.head < 0) {
      const bool in_tiles = !buffers.tiles.empty();
      if (!in_tiles) buffers.out.y = AlignedMatrix(grain_rows, node.width, memory);
      if (!in_tiles || node.layer == nullptr) {
        buffers.out.dy = AlignedMatrix(grain_rows, node.gradient_width, memory);
      }
    }
    if (node.layer == nullptr) continue;
    for (const ScratchShape& shape : node.layer->scratch()) {
      const int64_t rows = shape.rows > 0 ? shape.rows : grain_rows * shape.times;
      buffers.scratch.emplace_back(rows, shape.cols, memory);
    }
  }
}

// One piece of memory, so that it is on huge pages.
void GraphBuffers::MakeTiles(const Graph& graph, int64_t grain_rows) {
  int64_t size = 0;
  for (const Node& node : graph.nodes()) {
    for (const Port& part : node.tile_parts) {
      size += (node.layer == nullptr ? 1 : 2) * TileMatrixSize(grain_rows, part.width);
    }
  }
  tiles_ = AlignedMatrix(
      1, size * static_cast<int64_t>(sizeof(Bf16)) / static_cast<int64_t>(sizeof(float)));
  Bf16* next = reinterpret_cast<Bf16*>(tiles_.view().data);
  const auto take = [&](int64_t width) {
    return TileView<Bf16>(std::exchange(next, next + TileMatrixSize(grain_rows, width)), grain_rows,
                          width);
  };
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    for (const Port& part : graph.nodes()[n].tile_parts) {
      TilePart& tiles = buffers_[n].tiles.emplace_back();
      tiles.first = part.first;
      tiles.tiles.y = take(part.width);
      if (graph.nodes()[n].layer != nullptr) tiles.tiles.dy = take(part.width);
    }
  }
}

}  // namespace chorus::worker
