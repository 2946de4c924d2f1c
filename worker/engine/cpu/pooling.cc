#include "worker/engine/cpu/pooling.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "worker/math/clones.h"
#include "worker/math/kernels.h"
#include "worker/math/pooling_factor.h"

namespace chorus::worker {
namespace {

// Keys; rows come from a reply of megabytes, in random order, written by another core.
constexpr uint32_t kPrefetchAhead = 16;
constexpr int64_t kLineFloats = 16;

// Asks the cache for a row, which may be in several lines.
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

// Rows of a column: [begin, end).
struct Rows {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// Whether each of the rows has one key, without a value: all poolings are then the key's row.
bool IsOneHot(const SlotColumn& column, Rows rows) {
  if (!column.values.empty()) return false;
  bool one_hot = true;
  for (uint32_t i = rows.begin; i < rows.end; ++i) {
    one_hot &= column.offsets[i + 1] - column.offsets[i] == 1;
  }
  return one_hot;
}

// Calls visit(dim), of a compile-time constant for the dimensions that are common.
template <typename Visit>
[[gnu::always_inline]] inline void ForDim(int64_t dim, const Visit& visit) {
  if (dim == 8) return visit(std::integral_constant<int64_t, 8>());
  if (dim == 16) return visit(std::integral_constant<int64_t, 16>());
  if (dim == 18) return visit(std::integral_constant<int64_t, 18>());
  if (dim == 32) return visit(std::integral_constant<int64_t, 32>());
  visit(dim);
}

template <typename Dim>
[[gnu::always_inline]] inline void CopyRows(Dim dim, const uint32_t* positions, int64_t keys,
                                            const float* const* embeddings, MatrixView<float> x) {
  for (int64_t i = 0; i < x.rows; ++i) {
    if (i + kPrefetchAhead < keys) PrefetchFloats(embeddings[positions[i + kPrefetchAhead]], dim);
    float* __restrict out = x.row(i);
    const float* __restrict row = embeddings[positions[i]];
    for (int64_t j = 0; j < dim; ++j) out[j] = 0.0f + row[j];  // no zero is negative, as in a sum
  }
}

template <typename Dim>
[[gnu::always_inline]] inline void AddRows(Dim dim, const uint32_t* positions,
                                           MatrixView<const float> dx, const uint32_t* index_of,
                                           float* sums) {
  for (int64_t i = 0; i < dx.rows; ++i) {
    const float* __restrict source = dx.row(i);
    float* __restrict sum = sums + dim * index_of[positions[i]];
    for (int64_t j = 0; j < dim; ++j) sum[j] += source[j];
  }
}

struct CopyOneHot {
  const uint32_t* positions;
  int64_t keys;  // from there on; more than x has rows if other rows come later
  const float* const* embeddings;
  MatrixView<float> x;
  template <typename Dim>
  [[gnu::always_inline]] void operator()(Dim dim) const {
    CopyRows(dim, positions, keys, embeddings, x);
  }
};
struct AddOneHot {
  const uint32_t* positions;
  MatrixView<const float> dx;
  const uint32_t* index_of;
  float* sums;
  template <typename Dim>
  [[gnu::always_inline]] void operator()(Dim dim) const {
    AddRows(dim, positions, dx, index_of, sums);
  }
};

// PoolSlot and UnpoolSlot of one-hot columns.
CHORUS_CLONES void PoolOneHot(int64_t dim, const CopyOneHot& copy) { ForDim(dim, copy); }
CHORUS_CLONES void UnpoolOneHot(int64_t dim, const AddOneHot& add) { ForDim(dim, add); }

CHORUS_CLONES void PoolSlot(const SlotInput& slot, const SlotColumn& column, Rows rows,
                            const uint32_t* positions, const float* const* embeddings,
                            MatrixView<float> x) {
  const int64_t dim = slot.dim;
  const auto nnz = static_cast<uint32_t>(column.keys.size());
  for (uint32_t i = rows.begin; i < rows.end; ++i) {
    float* __restrict out = x.row(i - rows.begin) + slot.first;
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

// The keys of row i that count: [begin, end), of a sequence the last ones.
std::pair<uint32_t, uint32_t> KeptKeys(const SlotInput& slot, const SlotColumn& column,
                                       uint32_t i) {
  const uint32_t begin = column.offsets[i], end = column.offsets[i + 1];
  return {slot.is_sequence() ? end - std::min(end - begin, slot.max_length) : begin, end};
}

CHORUS_CLONES void UnpoolSlot(const SlotInput& slot, const SlotColumn& column, uint32_t rows,
                              const uint32_t* positions, MatrixView<const float> dx,
                              const uint32_t* index_of, float* sums) {
  const int64_t dim = slot.dim, step = slot.is_sequence() ? dim : 0;
  for (uint32_t i = 0; i < rows; ++i) {
    const float* __restrict source = dx.row(i) + slot.first;
    const auto [begin, end] = KeptKeys(slot, column, i);
    const float factor = MeanFactor(slot.pooling, column, begin, end);
    for (uint32_t k = begin; k < end; ++k, source += step) {
      float* __restrict sum = sums + dim * index_of[positions[k]];
      const float coefficient = Coefficient(column, k, factor);
      for (int64_t j = 0; j < dim; ++j) sum[j] += coefficient * source[j];
    }
  }
}

CHORUS_CLONES void ListSlot(const SlotInput& slot, const SlotColumn& column, Rows rows,
                            const uint32_t* positions, const float* const* embeddings,
                            int64_t length_column, MatrixView<float> x) {
  const int64_t dim = slot.dim;
  for (uint32_t i = rows.begin; i < rows.end; ++i) {
    float* const to = x.row(i - rows.begin);
    float* __restrict out = to + slot.first;
    const auto [begin, end] = KeptKeys(slot, column, i);
    for (uint32_t k = begin; k < end; ++k, out += dim) {
      const float* __restrict row = embeddings[positions[k]];
      const float value = Coefficient(column, k, 1.0f);
      for (int64_t j = 0; j < dim; ++j) out[j] = value * row[j];
    }
    std::fill(out, to + slot.first + slot.width(), 0.0f);
    to[length_column] = static_cast<float>(end - begin);
  }
}

}  // namespace

void PoolForward(const SideInputs& side, const FeatureColumns& features,
                 const std::vector<std::vector<uint32_t>>& positions,
                 const float* const* const* rows, uint32_t first, MatrixView<float> x) {
  const uint32_t begin = std::min(first, features.rows);
  const Rows here = {
      begin, begin + static_cast<uint32_t>(std::min<int64_t>(x.rows, features.rows - begin))};
  const int64_t count = here.end - here.begin;
  FillZero(x.Rows(count, x.rows - count));
  if (count == 0) return;  // a panel of padding
  int64_t length_column = side.first_length();
  for (const SlotInput& slot : side.slots) {
    const SlotColumn& column = features.slots[slot.column];
    const uint32_t* const at = positions[slot.read].data();
    if (slot.is_sequence()) {
      ListSlot(slot, column, here, at, rows[slot.table], length_column++, x);
    } else if (IsOneHot(column, here)) {
      const uint32_t key = column.offsets[here.begin];
      PoolOneHot(slot.dim, {at + key, static_cast<int64_t>(column.keys.size() - key),
                            rows[slot.table], x.Rows(0, count).Columns(slot.first, slot.dim)});
    } else {
      PoolSlot(slot, column, here, at, rows[slot.table], x);
    }
  }
  for (size_t n = 0; n < side.numerics.size(); ++n) {
    const float* const values = features.numerics[side.numerics[n]].data() + here.begin;
    const int64_t column = side.slot_width + static_cast<int64_t>(n);
    for (int64_t i = 0; i < count; ++i) x(i, column) = values[i];
  }
}

void PoolBackward(const SideInputs& side, const FeatureColumns& features,
                  const std::vector<std::vector<uint32_t>>& positions, MatrixView<const float> dx,
                  const uint32_t* const* index_of, float* const* sums) {
  for (const SlotInput& slot : side.slots) {
    if (sums[slot.table] == nullptr) continue;
    const SlotColumn& column = features.slots[slot.column];
    const uint32_t* const at = positions[slot.read].data();
    if (!slot.is_sequence() && IsOneHot(column, {0, features.rows})) {
      UnpoolOneHot(slot.dim, {at, dx.Rows(0, features.rows).Columns(slot.first, slot.dim),
                              index_of[slot.table], sums[slot.table]});
    } else {
      UnpoolSlot(slot, column, features.rows, at, dx, index_of[slot.table], sums[slot.table]);
    }
  }
}

}  // namespace chorus::worker
