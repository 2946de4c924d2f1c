#include "launch/gpu/call_cost.h"

#include <algorithm>

#include "worker/cuda/launch_shapes.h"
#include "worker/engine/device/gradient_order.h"

namespace chorus::gpu::call_cost {
namespace {

using worker::cuda::kBlockThreads;
using worker::cuda::kLossRows;
using worker::cuda::kSectionRows;
using worker::cuda::kSectionStripes;

constexpr uint64_t kFloat = sizeof(float);
constexpr uint64_t kPieceKeys = worker::GradientOrder::kPieceKeys;

uint64_t Bytes(int64_t floats) { return static_cast<uint64_t>(floats) * kFloat; }

// A kernel with one thread per element, or with 16 per row, is not started if there are none.
// passes: see Cost.
Cost Kernel(int64_t threads, uint64_t memory_bytes, uint64_t passes = 1) {
  Cost cost;
  if (threads == 0) return cost;
  cost.launches = 1;
  cost.memory_bytes = memory_bytes;
  cost.passes = passes;
  return cost;
}

uint64_t Parts(int64_t n, int64_t part) { return static_cast<uint64_t>((n + part - 1) / part); }

// Sums over rows: section by section, then over sections.  sum_bytes: of one section and column.
// sweeps: over the rows of a section, which stay in a cache.
Cost ColumnSums(Shape x, uint64_t memory_bytes, uint64_t sum_bytes = kFloat, uint64_t sweeps = 1) {
  const uint64_t sections = Parts(x.rows, kSectionRows);
  const uint64_t sums = sections * static_cast<uint64_t>(x.cols) * sum_bytes;
  Cost cost = Kernel(x.elements(), memory_bytes + sums, sweeps * kSectionRows / kSectionStripes);
  cost += Kernel(x.cols, sums + Bytes(x.cols), sections);
  return cost;
}

}  // namespace

Cost Upload(size_t bytes) {
  Cost cost;
  if (bytes == 0) return cost;
  cost.copies = 1;
  cost.bytes_to_device = cost.memory_bytes = bytes;
  return cost;
}

Cost Download(size_t bytes) {
  Cost cost;
  if (bytes == 0) return cost;
  cost.copies = 1;
  cost.bytes_to_host = cost.memory_bytes = bytes;
  return cost;
}

Cost CopyOnDevice(size_t bytes) {
  Cost cost;
  if (bytes == 0) return cost;
  cost.copies = 1;
  cost.memory_bytes = 2 * bytes;
  return cost;
}

Cost Zero(size_t bytes) {
  Cost cost;
  cost.fills = 1;
  cost.memory_bytes = bytes;
  return cost;
}

Cost Synchronize() {
  Cost cost;
  cost.waits = 1;
  return cost;
}

Cost Gemm(const worker::GemmOptions& options, Shape a, Shape b, Shape c, const Rounding& rounding) {
  const int64_t k = options.transpose_a ? a.rows : a.cols;
  if (c.elements() == 0) return {};
  if (k == 0) return options.accumulate ? Cost() : Fill(c);
  Cost cost;
  cost.products = 1;
  cost.flops = 2 * static_cast<uint64_t>(c.elements()) * static_cast<uint64_t>(k);
  const auto read = [&](Shape input, bool rounds) {
    const uint64_t bytes = Bytes(input.elements());
    if (!rounding.any) return bytes;
    if (!rounds) return bytes / 2;
    cost.launches += 1;
    return bytes + bytes / 2 + bytes / 2;
  };
  cost.memory_bytes = read(a, rounding.a) + read(b, rounding.b) +
                      Bytes(c.elements() * (options.accumulate ? 2 : 1)) +
                      (options.bias != nullptr ? Bytes(c.cols) : 0);
  cost.pieces = Parts(c.rows, 64) * Parts(c.cols, 64) * Parts(k, 1024);
  return cost;
}

Cost UseWeights(int64_t n) { return Kernel(n, Bytes(n) + Bytes(n) / 2); }

Cost Fill(Shape matrix) { return Kernel(matrix.elements(), Bytes(matrix.elements())); }

Cost Copy(Shape to) { return Kernel(to.elements(), 2 * Bytes(to.elements())); }

Cost GatherRows(int64_t index_rows, bool accumulate, Shape to) {
  return Kernel(to.elements(),
                Bytes(index_rows * (1 + to.cols)) + (accumulate ? 2 : 1) * Bytes(to.elements()));
}

Cost SumRowsByIndex(int64_t index_rows, int64_t longest, Shape to) {
  return Kernel(to.elements(),
                Bytes(index_rows * (1 + to.cols)) + Bytes(to.rows + 1) + Bytes(to.elements()),
                1 + static_cast<uint64_t>(longest));
}

Cost ReluBackward(Shape y) { return ColumnSums(y, 3 * Bytes(y.elements())); }

Cost DotRows(Shape x) { return Kernel(x.rows, Bytes(x.elements() + x.cols + x.rows)); }

Cost SumColumn(int64_t rows) { return Kernel(1, Bytes(rows + 1), Parts(rows, kBlockThreads)); }

Cost DotRowsBackward(Shape x, Shape dx, bool accumulate_dx) {
  return ColumnSums(
      x, Bytes(x.elements() + x.rows + x.cols) + (accumulate_dx ? 2 : 1) * Bytes(dx.elements()));
}

Cost Dropout(Shape to) {
  return Kernel(to.elements(), 2 * Bytes(to.elements()) + 2 * Bytes(to.rows));
}

Cost PassPositive(Shape y, bool accumulate) {
  return Kernel(y.elements(), (accumulate ? 4 : 3) * Bytes(y.elements()));
}

Cost ColumnMoments(Shape z) { return ColumnSums(z, Bytes(z.elements()), 2 * sizeof(double), 2); }

Cost NormalizeRelu(Shape y) { return Kernel(y.elements(), 3 * Bytes(y.elements() + y.cols)); }

Cost NormalizeBackward(Shape gradient, bool of_moments) {
  Cost cost;
  if (of_moments && gradient.elements() > 0) {
    cost += ColumnSums(gradient, 2 * Bytes(gradient.elements()), 2 * sizeof(double));
  }
  cost += Kernel(gradient.elements(),
                 3 * Bytes(gradient.elements()) + Bytes(gradient.cols) * (of_moments ? 5 : 1));
  return cost;
}

// Six rows of the width are read: query, key and value of both.
Cost AttendPair(Shape out) { return Kernel(out.rows, Bytes(7 * out.elements() + out.rows)); }

Cost AttendPairBackward(Shape dout, bool accumulate_dto) {
  return Kernel(dout.rows, Bytes((accumulate_dto ? 16 : 13) * dout.elements()) + Bytes(dout.rows));
}

Cost ForEach(Shape grid, int64_t floats) { return Kernel(grid.elements(), Bytes(floats)); }

Cost Partials(int64_t rows, int64_t row_bytes, int64_t heads, bool any) {
  Cost cost = Kernel(any ? rows : 0, static_cast<uint64_t>(rows * row_bytes) + Bytes(rows * heads));
  cost += Kernel(1, 0, Parts(rows, kLossRows));
  return cost;
}

Cost Put(size_t values) { return Kernel(1, values * sizeof(double)); }

Cost Evaluate(int64_t rows, int64_t row_bytes, Shape dlogits) {
  Cost cost = Kernel(dlogits.elements(), static_cast<uint64_t>(rows * row_bytes) +
                                             Bytes(rows * dlogits.cols + dlogits.elements()));
  cost += Kernel(1, 0, Parts(dlogits.rows, kLossRows));
  return cost;
}

Cost Pool(const SideTokens& tokens, Shape x) {
  return Kernel(x.elements(), tokens.index_bytes + kFloat * tokens.row_floats + Bytes(x.elements()),
                2 + tokens.longest);
}

// A key is found by binary search, and its source and factor are written.
Cost NoteKeys(const SideTokens& contexts, const SideTokens& exposures) {
  const uint64_t keys = contexts.keys + exposures.keys;
  return Kernel(static_cast<int64_t>(keys), contexts.index_bytes + exposures.index_bytes + 8 * keys,
                16);
}

Cost SumPieces(uint64_t keys, uint64_t pieces, uint32_t dim) {
  return Kernel(static_cast<int64_t>(pieces * dim),
                keys * (12 + kFloat * dim) + pieces * kFloat * (1 + dim),
                2 + std::min(keys, kPieceKeys));
}

Cost JoinPieces(uint64_t pieces, uint64_t segments, uint32_t dim) {
  return Kernel(static_cast<int64_t>(segments * dim),
                (pieces + segments) * kFloat * dim + segments * kFloat);
}

Cost CombineTerms(uint64_t terms, uint64_t keys, uint32_t dim) {
  return Kernel(static_cast<int64_t>(keys * dim),
                terms * (8 + kFloat * dim) + keys * kFloat * (1 + dim));
}

Cost SumGrains(Shape gradients) {
  if (gradients.rows <= 1) return {};
  return Kernel(gradients.cols, 3 * Bytes((gradients.rows - 1) * gradients.cols),
                static_cast<uint64_t>(gradients.rows - 1));
}

Cost FlagNonFinite(Shape values, bool by_column) {
  return Kernel(values.elements(), Bytes(values.elements()) + (by_column ? Bytes(values.cols) : 0));
}

// Each has an entry of three words in the table; those that move are read and written.
Cost MoveStatistics(int64_t n) { return Kernel(n, 6 * Bytes(n)); }

Cost ClipGradient(int64_t n) {
  Cost cost = Kernel(1, Bytes(n));
  cost += Kernel(n, 2 * Bytes(n));
  return cost;
}

Cost ApplyOptimizer(OptimizerParameters::Kind kind, bool clip, int64_t n) {
  Cost cost;
  if (clip) cost += ClipGradient(n);
  OptimizerParameters optimizer;
  optimizer.kind = kind;
  const uint64_t arrays = optimizer.state_floats(1);  // gradient read; weights and these both ways
  cost += Kernel(n, Bytes(n) * (1 + 2 * (1 + arrays)));
  return cost;
}

}  // namespace chorus::gpu::call_cost
