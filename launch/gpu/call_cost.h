#pragma once
// The cost of each call of a device, from shapes: how many kernels worker/cuda starts for it, and
// what it reads and writes. There is one function per call, named as the call.
// tests/perf/gpu_model_test.cc compares them with the counts of the emulated CUDA. Thread safety:
// pure functions.

#include <cstddef>
#include <cstdint>

#include "common/matrix_view.h"
#include "common/optimizer_config.h"
#include "launch/gpu/cost.h"
#include "worker/math/backend.h"

namespace chorus::gpu::call_cost {

struct Shape {
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t elements() const { return rows * cols; }
};
template <typename T>
Shape ShapeOf(const MatrixView<T>& matrix) {
  return {matrix.rows, matrix.cols};
}

// Copies, fills and waits.
Cost Upload(size_t bytes);
Cost Download(size_t bytes);
Cost CopyOnDevice(size_t bytes);
Cost Zero(size_t bytes);
Cost Synchronize();

// Backend.
// Whether a product's inputs are read as 16 bits (any), and which of them the product itself
// rounds, into other memory.
struct Rounding {
  bool any = false;
  bool a = false;
  bool b = false;
};
Cost Gemm(const worker::GemmOptions& options, Shape a, Shape b, Shape c, const Rounding& rounding);
// For devices that round the inputs of products.
Cost UseWeights(int64_t n);
Cost Fill(Shape matrix);
Cost Copy(Shape to);
Cost GatherRows(int64_t index_rows, bool accumulate, Shape to);
// longest: the most rows of one sum.
Cost SumRowsByIndex(int64_t index_rows, int64_t longest, Shape to);
Cost ReluBackward(Shape y);
Cost DotRows(Shape x);
Cost SumColumn(int64_t rows);
Cost DotRowsBackward(Shape x, Shape dx, bool accumulate_dx);
Cost Dropout(Shape to);
Cost PassPositive(Shape y, bool accumulate);
Cost ColumnMoments(Shape z);
Cost NormalizeRelu(Shape y);
Cost NormalizeBackward(Shape gradient, bool of_moments);
Cost AttendPair(Shape out);
Cost AttendPairBackward(Shape dout, bool accumulate_dto);
// floats: that all items read and write.
Cost ForEach(Shape grid, int64_t floats);

// A few doubles.
Cost Put(size_t values);

// Losses. row_bytes: bytes of labels per row.
Cost Partials(int64_t rows, int64_t row_bytes, int64_t heads, bool any);
Cost Evaluate(int64_t rows, int64_t row_bytes, Shape dlogits);

// Embeddings. row_floats: the floats of the rows of all keys.
struct SideTokens {
  uint64_t keys = 0;
  uint64_t row_floats = 0;
  uint64_t index_bytes = 0;  // offsets, positions, values, numerics
  uint64_t longest = 0;      // keys of one row and slot
};
Cost Pool(const SideTokens& tokens, Shape x);
Cost NoteKeys(const SideTokens& contexts, const SideTokens& exposures);
Cost SumPieces(uint64_t keys, uint64_t pieces, uint32_t dim);
Cost JoinPieces(uint64_t pieces, uint64_t segments, uint32_t dim);
Cost CombineTerms(uint64_t terms, uint64_t keys, uint32_t dim);

Cost SumGrains(Shape gradients);
Cost FlagNonFinite(Shape values, bool by_column);
Cost MoveStatistics(int64_t n);
Cost ClipGradient(int64_t n);
Cost ApplyOptimizer(OptimizerParameters::Kind kind, bool clip, int64_t n);

}  // namespace chorus::gpu::call_cost
