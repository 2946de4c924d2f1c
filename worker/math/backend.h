#pragma once
// The arithmetic of a model: matrix products with their epilogues, and the element loops between
// them. A call works on whole matrices, so that the cost of a virtual call does not matter.
//
// Every call computes the same bits for the same shapes, strides and inputs, whichever thread makes
// it and whatever runs at the same time: a call runs on one thread, and its code is chosen by shape
// and instruction set, never by timing. Thread safety: any number of threads at the same time, on
// different outputs.

#include <cstdint>
#include <memory>
#include <span>

#include "common/config.pb.h"
#include "common/matrix_view.h"
#include "common/status.h"
#include "worker/math/dropout.h"
#include "worker/math/item_kernels.h"
#include "worker/math/operand.h"

namespace chorus::worker {

// A map from the rows of one matrix to the rows of another: row i belongs to row of[i].
struct RowIndex {
  const uint32_t* of = nullptr;  // [rows]
  int64_t rows = 0;
  // The inverse map, for backends that add in parallel; null for the others. The rows i with
  // of[i] == v are order[begins[v] .. begins[v + 1]), ascending.
  const uint32_t* order = nullptr;
  const uint32_t* begins = nullptr;
};

// c = act(op(a) op(b) + bias [+ c])
struct GemmOptions {
  bool transpose_a = false;     // a is stored as [K, M]
  bool transpose_b = false;     // b is stored as [N, K]
  bool accumulate = false;      // the product is added to c, which is of floats
  bool relu = false;            // act(x) = max(x, 0), else act(x) = x
  const float* bias = nullptr;  // [N], added to every row; null: none

  // For c in tiles, which becomes 0 where `positive`, [M, N], is 0: the gradient of ReLU's outputs.
  TileView<const Bf16> positive = {};
  // Rows that are added to c in tiles before act: c[i, :] += added[added_of.of[i], :] for i <
  // added_of.rows.
  MatrixView<const float> added = {};
  RowIndex added_of = {};
  // [N], becomes the sums of the columns of b in tiles, in float32; null: they are not wanted.
  float* column_sums = nullptr;
};

// The matrices and arrays of calls may be in memory that only the backend can read.
class Backend {
 public:
  virtual ~Backend() = default;

  // op(a): [M, K], op(b): [K, N], c: [M, N]; any of them may be 0. REQUIRES: no bias and no relu
  // together with transpose_a (such products are weight gradients). Error: kInternal or
  // kResourceExhausted from the library.
  virtual Status Gemm(const GemmOptions& options, MatrixView<const float> a,
                      MatrixView<const float> b, MatrixView<float> c) = 0;

  // c = act(the sum over terms of op(a) op(b) + bias [+ c]), rounded to c's type once. REQUIRES:
  // there is a term; shapes are as Gemm's, and the inner index is empty in all terms or in none.
  // Where anything is in tiles: keeps_tiles(); b in tiles is not transposed; c in tiles is not
  // accumulated, and there is an inner index; column_sums is of b in tiles.
  virtual Status Product(const GemmOptions& options, std::span<const GemmTerm> terms,
                         const Target& c);
  // Whether it reads and writes bfloat16 in tiles: Product, and the calls that name them.
  virtual bool keeps_tiles() const { return false; }

  // Says where products will read weights as their right factor, and that they have changed: it is
  // to be called after each change. A precision that rounds inputs then rounds the weights once,
  // instead of in every product. REQUIRES: no other call runs.
  virtual Status UseWeights(const float* weights, int64_t n) = 0;

  virtual void Fill(float value, MatrixView<float> matrix) = 0;
  virtual void Copy(MatrixView<const float> from, MatrixView<float> to) = 0;

  // to[i, :] = from[index.of[i], :] for i < index.rows, and 0 for the rows of `to` after them.
  virtual void GatherRows(MatrixView<const float> from, const RowIndex& index,
                          MatrixView<float> to) = 0;
  // to[i, :] += from[index.of[i], :] for i < index.rows.
  virtual void AddGatheredRows(MatrixView<const float> from, const RowIndex& index,
                               MatrixView<float> to) = 0;
  // to = 0, then to[index.of[i], :] += from[i, :] for i = 0, 1, ... index.rows - 1, in this order.
  virtual void SumRowsByIndex(MatrixView<const float> from, const RowIndex& index,
                              MatrixView<float> to) = 0;

  // gradient[i, j] = 0 where y[i, j] <= 0 (y is ReLU's output). Then bias_gradient[j] = the sum of
  // column j of gradient, in order of rows.     y, gradient: [n, m].  bias_gradient: [m].
  virtual void ReluBackward(MatrixView<const float> y, MatrixView<float> gradient,
                            float* bias_gradient) = 0;

  // A layer of width one; matrix libraries are slow at that shape.  x: [n, m].  weight: [m].
  // z, dz: [n, 1] views.  z[i] = *bias + dot(x[i, :], weight), or 0 + dot when bias is null.
  virtual void DotRows(MatrixView<const float> x, const float* weight, const float* bias,
                       MatrixView<float> z) = 0;
  // *sum = the sum of dz, computed in double and rounded once.
  virtual void SumColumn(MatrixView<const float> dz, float* sum) = 0;
  // weight_gradient[j] = sum of dz[i] x[i, j]. dx[i, j] = dx_factor dz[i] weight[j], or += it. dx
  // may have fewer columns than x: the inputs that need no gradient are the last ones.
  virtual void DotRowsBackward(MatrixView<const float> x, const float* weight,
                               MatrixView<const float> dz, float* weight_gradient,
                               MatrixView<float> dx, float dx_factor, bool accumulate_dx) = 0;

  // The same of tiles; dx is masked: 0 where x is. REQUIRES, as what follows: keeps_tiles().
  virtual void DotTileRows(TileView<const Bf16> x, const float* weight, const float* bias,
                           MatrixView<float> z);
  virtual void DotTileRowsBackward(TileView<const Bf16> x, const float* weight,
                                   MatrixView<const float> dz, float* weight_gradient,
                                   TileView<Bf16> dx, float dx_factor);
  virtual void SumTileRowsByIndex(TileView<const Bf16> from, const RowIndex& index,
                                  MatrixView<float> to);
  // Rows [16 panel, 16 panel + from.rows) of `to` become those of `from`, at most 16, rounded.
  virtual void RoundToTiles(MatrixView<const float> from, int64_t panel, TileView<Bf16> to);

  // See worker/math/dropout.h.
  virtual void Dropout(const DropoutMask& mask, MatrixView<const float> from,
                       MatrixView<float> to) = 0;
  // to[i, j] = factor * from[i, j] where y[i, j] > 0, else 0; or += it. y is the output of ReLU and
  // then dropout: where it is 0, one of the two has stopped the gradient. `from` may be `to`.
  virtual void PassPositive(MatrixView<const float> y, float factor, MatrixView<const float> from,
                            MatrixView<float> to, bool accumulate) = 0;

  // See worker/math/batch_norm_kernels.h.
  virtual void ColumnMoments(MatrixView<const float> z, float* mean, float* variance) = 0;
  virtual void NormalizeRelu(const float* mean, const float* variance, const float* bias,
                             MatrixView<float> normalized, MatrixView<float> y) = 0;
  virtual void NormalizeBackward(MatrixView<const float> normalized, const float* variance,
                                 bool of_moments, MatrixView<float> gradient) = 0;

  // See worker/math/pair_attention.h.
  virtual void AttendPair(MatrixView<const float> from, MatrixView<const float> to,
                          MatrixView<float> share, MatrixView<float> out) = 0;
  virtual void AttendPairBackward(MatrixView<const float> from, MatrixView<const float> to,
                                  MatrixView<const float> share, MatrixView<const float> dout,
                                  MatrixView<float> dfrom, MatrixView<float> dto,
                                  bool accumulate_dto) = 0;

  // Computes every item of the kernel's grid (worker/math/item_kernels.h).
  virtual void ForEach(const ItemKernel& kernel) = 0;
};

// A backend of oneDNN and loops of our own. The instruction set is a property of the process, so
// all backends of a process must ask for the same one. precision: that in which products read their
// inputs, and in which activations are kept that products alone read; DotRows reads float32 at any
// precision. Error: kFailedPrecondition when the CPU lacks `isa`, the process already computes with
// another one, or `precision` is beyond it.
Result<std::unique_ptr<Backend>> NewCpuBackend(
    ComputeConfig::Isa isa, ComputeConfig::Precision precision = ComputeConfig::FP32);

}  // namespace chorus::worker
