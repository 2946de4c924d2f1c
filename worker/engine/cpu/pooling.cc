#include "worker/engine/cpu/pooling.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "worker/math/clones.h"
#include "worker/math/kernels.h"
#include "worker/math/pooling_factor.h"

namespace chorus::worker {
namespace {

// Keys; rows come from a reply of megabytes, in random order, written by another core.
constexpr uint32_t kPrefetchAhead = 16;
constexpr int64_t kLineFloats = 16;

// Asks the cache for a row, which may lie across lines.
inline void PrefetchFloats(const float* row, int64_t dim) {
  for (int64_t j = 0; j < dim; j += kLineFloats) __builtin_prefetch(row + j);
  __builtin_prefetch(row + dim - 1);
}

static_assert(kMeanPooling == static_cast<int>(SlotConfig::MEAN));
static_assert(kWeightedMeanPooling == static_cast<int>(SlotConfig::WEIGHTED_MEAN));

// The factor that all keys of a row share.
float MeanFactor(SlotConfig::Pooling pooling, const SlotColumn& column, uint32_t begin,
                 uint32_t end) {
  const float* const values = column.values.empty() ? nullptr : column.values.data();
  return PoolingFactor(static_cast<int>(pooling), values, begin, end);
}

float Coefficient(const SlotColumn& column, uint32_t k, float factor) {
  return column.values.empty() ? factor : factor * column.values[k];
}

CHORUS_CLONES void PoolSlot(const SlotInput& slot, const SlotColumn& column, uint32_t rows,
                            const uint32_t* positions, const float* const* embeddings,
                            MatrixView<float> x) {
  const int64_t dim = slot.dim;
  const auto nnz = static_cast<uint32_t>(column.keys.size());
  for (uint32_t i = 0; i < rows; ++i) {
    float* __restrict out = x.row(i) + slot.first;
    const uint32_t begin = column.offsets[i], end = column.offsets[i + 1];
    const float factor = MeanFactor(slot.pooling, column, begin, end);
    for (int64_t j = 0; j < dim; ++j) out[j] = 0;
    for (uint32_t k = begin; k < end; ++k) {
      if (k + kPrefetchAhead < nnz) PrefetchFloats(embeddings[positions[k + kPrefetchAhead]], dim);
      const float* __restrict row = embeddings[positions[k]];
      const float coefficient = Coefficient(column, k, factor);
      for (int64_t j = 0; j < dim; ++j) out[j] += coefficient * row[j];
    }
  }
}

CHORUS_CLONES void UnpoolSlot(const SlotInput& slot, const SlotColumn& column, uint32_t rows,
                              const uint32_t* positions, MatrixView<const float> dx,
                              const uint32_t* index_of, float* sums) {
  const int64_t dim = slot.dim;
  for (uint32_t i = 0; i < rows; ++i) {
    const float* __restrict source = dx.row(i) + slot.first;
    const uint32_t begin = column.offsets[i], end = column.offsets[i + 1];
    const float factor = MeanFactor(slot.pooling, column, begin, end);
    for (uint32_t k = begin; k < end; ++k) {
      float* __restrict sum = sums + dim * index_of[positions[k]];
      const float coefficient = Coefficient(column, k, factor);
      for (int64_t j = 0; j < dim; ++j) sum[j] += coefficient * source[j];
    }
  }
}

// The keys of row i that a sequence keeps: [begin, end).
std::pair<uint32_t, uint32_t> KeptKeys(const SlotInput& slot, const SlotColumn& column,
                                       uint32_t i) {
  const uint32_t begin = column.offsets[i], end = column.offsets[i + 1];
  return {end - std::min(end - begin, slot.max_length), end};
}

CHORUS_CLONES void ListSlot(const SlotInput& slot, const SlotColumn& column, uint32_t rows,
                            const uint32_t* positions, const float* const* embeddings,
                            int64_t length_column, MatrixView<float> x) {
  const int64_t dim = slot.dim;
  for (uint32_t i = 0; i < rows; ++i) {
    float* __restrict out = x.row(i) + slot.first;
    const auto [begin, end] = KeptKeys(slot, column, i);
    for (uint32_t k = begin; k < end; ++k, out += dim) {
      const float* __restrict row = embeddings[positions[k]];
      const float value = Coefficient(column, k, 1.0f);
      for (int64_t j = 0; j < dim; ++j) out[j] = value * row[j];
    }
    std::fill(out, x.row(i) + slot.first + slot.width(), 0.0f);
    x(i, length_column) = static_cast<float>(end - begin);
  }
}

CHORUS_CLONES void UnlistSlot(const SlotInput& slot, const SlotColumn& column, uint32_t rows,
                              const uint32_t* positions, MatrixView<const float> dx,
                              const uint32_t* index_of, float* sums) {
  const int64_t dim = slot.dim;
  for (uint32_t i = 0; i < rows; ++i) {
    const float* __restrict source = dx.row(i) + slot.first;
    const auto [begin, end] = KeptKeys(slot, column, i);
    for (uint32_t k = begin; k < end; ++k, source += dim) {
      float* __restrict sum = sums + dim * index_of[positions[k]];
      const float value = Coefficient(column, k, 1.0f);
      for (int64_t j = 0; j < dim; ++j) sum[j] += value * source[j];
    }
  }
}

}  // namespace

void PoolForward(const SideInputs& side, const FeatureColumns& features,
                 const std::vector<std::vector<uint32_t>>& positions,
                 const float* const* const* rows, MatrixView<float> x) {
  int64_t length_column = side.first_length();
  for (const SlotInput& slot : side.slots) {
    const SlotColumn& column = features.slots[slot.column];
    const uint32_t* const places = positions[slot.column].data();
    if (slot.is_sequence()) {
      ListSlot(slot, column, features.rows, places, rows[slot.table], length_column++, x);
    } else {
      PoolSlot(slot, column, features.rows, places, rows[slot.table], x);
    }
  }
  for (size_t n = 0; n < side.numerics.size(); ++n) {
    const std::vector<float>& values = features.numerics[side.numerics[n]];
    const int64_t column = side.slot_width + static_cast<int64_t>(n);
    for (uint32_t i = 0; i < features.rows; ++i) x(i, column) = values[i];
  }
  FillZero(x.Rows(features.rows, x.rows - features.rows));
}

void PoolBackward(const SideInputs& side, const FeatureColumns& features,
                  const std::vector<std::vector<uint32_t>>& positions, MatrixView<const float> dx,
                  const uint32_t* const* index_of, float* const* sums) {
  for (const SlotInput& slot : side.slots) {
    const auto unpool = slot.is_sequence() ? UnlistSlot : UnpoolSlot;
    unpool(slot, features.slots[slot.column], features.rows, positions[slot.column].data(), dx,
           index_of[slot.table], sums[slot.table]);
  }
}

}  // namespace chorus::worker
