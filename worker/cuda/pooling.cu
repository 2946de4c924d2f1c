// From embedding rows to input matrices and back. In the backward pass no two threads write one
// place: keys are sorted beforehand (worker/engine/device/gradient_order.h), and every sum runs in
// that order.

#include "worker/cuda/kernels.h"
#include "worker/cuda/launch.h"
#include "worker/math/pooling_factor.h"

namespace chorus::worker::cuda {
namespace {

constexpr uint32_t kOfContexts = 0x80000000u;

// The index of the last of n ascending numbers that is at most `value`. REQUIRES: numbers(0) is.
template <typename Numbers>
__device__ uint32_t LastNotAbove(uint32_t value, int64_t n, const Numbers& numbers) {
  int64_t last = 0, above = n;
  while (above - last > 1) {
    const int64_t middle = (last + above) / 2;
    (numbers(middle) <= value ? last : above) = middle;
  }
  return static_cast<uint32_t>(last);
}

// The first key of a row that a sequence keeps.
__device__ inline uint32_t FirstOfSequence(const DeviceSlot& slot, uint32_t begin, uint32_t end) {
  return end - begin > slot.max_length ? end - slot.max_length : begin;
}

// One thread per key. A slot or row without keys begins where the next one begins, so that the last
// one that begins at or before the key is the one that holds it.
__global__ void NoteKeysKernel(DeviceSide contexts, DeviceSide exposures, DeviceKeyNotes notes) {
  const int64_t t = ThreadNumber();
  if (t >= int64_t{contexts.keys} + exposures.keys) return;
  const bool of_contexts = t < contexts.keys;
  const DeviceSide& side = of_contexts ? contexts : exposures;
  const uint32_t key = side.first_key + static_cast<uint32_t>(of_contexts ? t : t - contexts.keys);
  const DeviceSlot& slot = side.slots[LastNotAbove(
      key, side.slot_count, [&](int64_t s) { return side.slots[s].first_key; })];
  const uint32_t k = key - slot.first_key;
  const uint32_t row = LastNotAbove(k, side.rows, [&](int64_t i) { return slot.offsets[i]; });
  const uint32_t begin = slot.offsets[row], end = slot.offsets[row + 1];
  float factor = PoolingFactor(slot.pooling, slot.values, begin, end);
  uint32_t column = slot.first_column;
  if (slot.max_length > 0) {  // a key that the sequence leaves out has no gradient
    const uint32_t kept = FirstOfSequence(slot, begin, end);
    if (k < kept) factor = 0.0f;
    column += k < kept ? 0 : (k - kept) * slot.dim;
  }
  notes.source[key] =
      static_cast<uint32_t>(row * side.gradient_stride + column) | (of_contexts ? kOfContexts : 0u);
  notes.factor[key] = slot.values == nullptr ? factor : factor * slot.values[k];
}

// The element of a sequence's rows, side by side.
__device__ float ListElement(const DeviceSlot& slot, const float* __restrict__ table, int64_t i,
                             uint32_t element) {
  const uint32_t begin = slot.offsets[i], end = slot.offsets[i + 1];
  const uint32_t k = FirstOfSequence(slot, begin, end) + element / slot.dim;
  if (k >= end) return 0.0f;
  const float value = slot.values == nullptr ? 1.0f : slot.values[k];
  return value * table[static_cast<int64_t>(slot.positions[k]) * slot.dim + element % slot.dim];
}

// The keys are added in order. Their rows are loaded several at a time, which the loop allows
// because it writes nothing.
__device__ float PoolElement(const DeviceSlot& slot, const float* __restrict__ table, int64_t i,
                             uint32_t element) {
  const uint32_t begin = slot.offsets[i], end = slot.offsets[i + 1];
  const uint32_t* __restrict__ const positions = slot.positions;
  const float* __restrict__ const values = slot.values;
  const float factor = PoolingFactor(slot.pooling, values, begin, end);
  float sum = 0.0f;
  CHORUS_UNROLL
  for (uint32_t k = begin; k < end; ++k) {
    const float coefficient = values == nullptr ? factor : factor * values[k];
    sum += coefficient * table[static_cast<int64_t>(positions[k]) * slot.dim + element];
  }
  return sum;
}

__global__ void PoolKernel(const DeviceSide* __restrict__ where,
                           const float* const* __restrict__ tables, MatrixView<float> x) {
  const DeviceSide& side = *where;
  const int64_t t = ThreadNumber();
  if (t >= x.rows * x.cols) return;
  const auto [i, j] = ElementOf(t, x.cols);
  float value = 0.0f;
  if (i < side.rows && j >= x.cols - side.sequences) {
    const DeviceSlot& slot = side.slots[side.slot_count - (x.cols - j)];
    const uint32_t end = slot.offsets[i + 1];
    value = static_cast<float>(end - FirstOfSequence(slot, slot.offsets[i], end));
  } else if (i < side.rows && j >= side.slot_width) {
    value = side.numerics[(j - side.slot_width) * side.rows + i];
  } else if (i < side.rows) {
    const DeviceSlot& slot = side.slots[side.slot_of_column[j]];
    const uint32_t element = static_cast<uint32_t>(j) - slot.first_column;
    value = slot.max_length > 0 ? ListElement(slot, tables[slot.table], i, element)
                                : PoolElement(slot, tables[slot.table], i, element);
  }
  x.data[i * x.stride + j] = value;
}

__global__ void SumPiecesKernel(DevicePieces pieces, DeviceKeyNotes notes,
                                const float* __restrict__ dcontexts,
                                const float* __restrict__ dexposures, uint32_t dim, uint32_t first,
                                float* __restrict__ sums) {
  const int64_t t = ThreadNumber();
  if (t >= pieces.pieces * dim) return;
  const auto [piece, j] = ElementOf(t, dim);
  float sum = 0.0f;
  CHORUS_UNROLL
  for (uint32_t k = pieces.begins[piece]; k < pieces.begins[piece + 1]; ++k) {
    const uint32_t key = pieces.order[k];
    const uint32_t source = notes.source[key];
    const float* const dx = (source & kOfContexts) != 0 ? dcontexts : dexposures;
    sum += notes.factor[key] * dx[(source & ~kOfContexts) + j];
  }
  sums[(first + piece) * dim + j] = sum;
}

__global__ void JoinPiecesKernel(DeviceSegments segments, uint32_t dim, float* sums) {
  const int64_t t = ThreadNumber();
  if (t >= segments.segments * dim) return;
  const auto [segment, j] = ElementOf(t, dim);
  const uint32_t begin = segments.first[segment], end = segments.first[segment + 1];
  float sum = sums[static_cast<int64_t>(begin) * dim + j];
  for (uint32_t piece = begin + 1; piece < end; ++piece) {
    sum += sums[static_cast<int64_t>(piece) * dim + j];
  }
  sums[static_cast<int64_t>(begin) * dim + j] = sum;
}

// Adds a key's terms along the canonical tree, level by level. At a level, the sum of a node of 2 *
// half grains is the sum of its halves, and replaces the node's first term. A half without terms is
// skipped.
__device__ void SumTermsAlongTree(const DeviceTerms& terms, uint32_t begin, uint32_t end,
                                  uint32_t dim, int64_t j, float* sums) {
  for (uint32_t half = 1; half < terms.grains; half *= 2) {
    uint32_t first = begin;  // of the node that term t is in
    bool joined = false;
    for (uint32_t t = begin + 1; t < end; ++t) {
      if (terms.grain[t] / (2 * half) != terms.grain[first] / (2 * half)) {
        first = t;
        joined = false;
      } else if (!joined && terms.grain[t] / half != terms.grain[first] / half) {
        sums[static_cast<int64_t>(terms.piece[first]) * dim + j] +=
            sums[static_cast<int64_t>(terms.piece[t]) * dim + j];
        joined = true;
      }
    }
  }
}

__global__ void CombineTermsKernel(DeviceTerms terms, uint32_t dim, float* sums, float* out) {
  const int64_t t = ThreadNumber();
  if (t >= terms.keys * dim) return;
  const auto [key, j] = ElementOf(t, dim);
  const uint32_t begin = terms.begins[key];
  SumTermsAlongTree(terms, begin, terms.begins[key + 1], dim, j, sums);
  out[t] = sums[static_cast<int64_t>(terms.piece[begin]) * dim + j];
}

}  // namespace

cudaError_t NoteKeys(cudaStream_t stream, const DeviceSide& contexts, const DeviceSide& exposures,
                     const DeviceKeyNotes& notes) {
  return LaunchElements(stream, NoteKeysKernel, int64_t{contexts.keys} + exposures.keys, contexts,
                        exposures, notes);
}

cudaError_t Pool(cudaStream_t stream, const DeviceSide* side, const float* const* tables,
                 MatrixView<float> x) {
  return LaunchElements(stream, PoolKernel, x.rows * x.cols, side, tables, x);
}

cudaError_t SumPieces(cudaStream_t stream, const DevicePieces& pieces, const DeviceKeyNotes& notes,
                      const float* dcontexts, const float* dexposures, uint32_t dim, uint32_t first,
                      float* sums) {
  return LaunchElements(stream, SumPiecesKernel, pieces.pieces * dim, pieces, notes, dcontexts,
                        dexposures, dim, first, sums);
}

cudaError_t JoinPieces(cudaStream_t stream, const DeviceSegments& segments, uint32_t dim,
                       float* sums) {
  return LaunchElements(stream, JoinPiecesKernel, segments.segments * dim, segments, dim, sums);
}

cudaError_t CombineTerms(cudaStream_t stream, const DeviceTerms& terms, uint32_t dim, float* sums,
                         float* out) {
  return LaunchElements(stream, CombineTermsKernel, terms.keys * dim, terms, dim, sums, out);
}

}  // namespace chorus::worker::cuda
