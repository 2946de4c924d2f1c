#pragma once
// The kernels: one function for each, which enqueues it on `stream`. Their contracts are in
// worker/math/backend.h and worker/device/device.h. Compiled by nvcc, and for tests by g++ with an
// emulation of CUDA. Thread safety: functions of their arguments.

#include <cuda_runtime.h>

#include <cstdint>

#include "common/matrix_view.h"
#include "common/optimizer.h"
#include "worker/cuda/scratch_sizes.h"
#include "worker/device/device_types.h"
#include "worker/math/dropout_mask.h"
#include "worker/math/item_kernels.h"

namespace chorus::worker::cuda {

// elements.cu
// Whether the current device can run these kernels. Error: cudaErrorNoKernelImageForDevice and the
// like.
cudaError_t CheckKernels();
// count: <= kMaxTerms.
cudaError_t Put(cudaStream_t stream, const DeviceDoubles& values, int count, double* to);
cudaError_t Fill(cudaStream_t stream, float value, MatrixView<float> matrix);
cudaError_t Copy(cudaStream_t stream, MatrixView<const float> from, MatrixView<float> to);
// c = act([c] + bias).  bias: [columns], or null.
cudaError_t Epilogue(cudaStream_t stream, bool accumulate, const float* bias, bool relu,
                     MatrixView<float> c);
cudaError_t GatherRows(cudaStream_t stream, MatrixView<const float> from, const uint32_t* index,
                       int64_t rows, bool accumulate, MatrixView<float> to);
cudaError_t SumRowsByOrder(cudaStream_t stream, MatrixView<const float> from, const uint32_t* order,
                           const uint32_t* begins, MatrixView<float> to);
cudaError_t Dropout(cudaStream_t stream, const DropoutMask& mask, MatrixView<const float> from,
                    MatrixView<float> to);
cudaError_t PassPositive(cudaStream_t stream, MatrixView<const float> y, float factor,
                         MatrixView<const float> from, MatrixView<float> to, bool accumulate);
cudaError_t FlagNonFinite(cudaStream_t stream, MatrixView<const float> values,
                          const uint32_t* flag_of_column, uint32_t* flags);
// to: rows of `stride` bfloat16, see bf16.h.
cudaError_t Round(cudaStream_t stream, MatrixView<const float> from, uint16_t* to, int64_t stride);
cudaError_t SumGrains(cudaStream_t stream, MatrixView<float> gradients);
// to += from.
cudaError_t Add(cudaStream_t stream, MatrixView<const float> from, MatrixView<float> to);
// Does the additions [count, 2] one by one, each adding row additions[i][1] of `terms` [terms, n]
// to row additions[i][0]; then sum = row 0 of `terms`, or 0 when there are no terms.
cudaError_t AddTerms(cudaStream_t stream, MatrixView<float> terms, const uint32_t* additions,
                     size_t count, float* sum);

// columns.cu, batch_norm.cu: sums over rows. scratch: ColumnScratchBytes(rows, columns).
cudaError_t ReluBackward(cudaStream_t stream, MatrixView<const float> y, MatrixView<float> gradient,
                         float* scratch, float* bias_gradient);
cudaError_t DotRowsBackward(cudaStream_t stream, MatrixView<const float> x, const float* weight,
                            MatrixView<const float> dz, float* scratch, float* weight_gradient,
                            MatrixView<float> dx, float dx_factor, bool accumulate_dx);
cudaError_t SumColumn(cudaStream_t stream, MatrixView<const float> dz, float* sum);

// batch_norm.cu: see worker/math/batch_norm_kernels.h.
cudaError_t ColumnMoments(cudaStream_t stream, MatrixView<const float> z, void* scratch,
                          float* mean, float* variance);
cudaError_t NormalizeRelu(cudaStream_t stream, const float* mean, const float* variance,
                          const float* bias, MatrixView<float> normalized, MatrixView<float> y);
cudaError_t NormalizeBackward(cudaStream_t stream, MatrixView<const float> normalized,
                              const float* variance, bool of_moments, void* scratch,
                              MatrixView<float> gradient);
cudaError_t MoveStatistics(cudaStream_t stream, const DeviceStatistics& statistics,
                           const float* gradient, float* values);

// rows.cu: sums over columns.
cudaError_t DotRows(cudaStream_t stream, MatrixView<const float> x, const float* weight,
                    const float* bias, MatrixView<float> z);
cudaError_t AttendPair(cudaStream_t stream, MatrixView<const float> from,
                       MatrixView<const float> to, MatrixView<float> share, MatrixView<float> out);
cudaError_t AttendPairBackward(cudaStream_t stream, MatrixView<const float> from,
                               MatrixView<const float> to, MatrixView<const float> share,
                               MatrixView<const float> dout, MatrixView<float> dfrom,
                               MatrixView<float> dto, bool accumulate_dto);

// items.cu: a thread per item.
cudaError_t ForEach(cudaStream_t stream, const ItemKernel& kernel);

// pooling.cu
cudaError_t NoteKeys(cudaStream_t stream, const DeviceSide& contexts, const DeviceSide& exposures,
                     const DeviceKeyNotes& notes);
cudaError_t Pool(cudaStream_t stream, const DeviceSide* side, const float* const* tables,
                 MatrixView<float> x);
cudaError_t SumPieces(cudaStream_t stream, const DevicePieces& pieces, const DeviceKeyNotes& notes,
                      const float* dcontexts, const float* dexposures, uint32_t dim, uint32_t first,
                      float* sums);
cudaError_t JoinPieces(cudaStream_t stream, const DeviceSegments& segments, uint32_t dim,
                       float* sums);
cudaError_t CombineTerms(cudaStream_t stream, const DeviceTerms& terms, uint32_t dim, float* sums,
                         float* out);

// optimizer.cu.  squares: [kSquareParts], partial sums of squares that SumSquares gives to Clip.
cudaError_t SumSquares(cudaStream_t stream, int64_t n, const float* values, double* squares);
// Scales values to the norm clip_norm if the sum of squares exceeds it.
cudaError_t Clip(cudaStream_t stream, int64_t n, const double* squares, double clip_norm,
                 float* values);
cudaError_t Apply(cudaStream_t stream, const SgdRule& rule, int64_t n, const float* gradient,
                  float* weights);
cudaError_t Apply(cudaStream_t stream, const AdagradRule& rule, int64_t n, const float* gradient,
                  float* weights, float* sum);
cudaError_t Apply(cudaStream_t stream, const AdamRule& rule, int64_t n, const float* gradient,
                  float* weights, float* mean, float* variance);

}  // namespace chorus::worker::cuda
