// How a device pools rows of embeddings and sums their gradients (worker/device/device.h), against
// the CPU's functions and double loops.

#include <cmath>

#include "tests/worker/cuda/both_backends.h"
#include "worker/engine/device/gradient_order.h"
#include "worker/math/pooling_factor.h"

namespace chorus::worker::testing {
namespace {

class DevicePoolingTest : public DeviceTest {};

// One multi-valued slot in columns [first, first + dim) of a side.
struct SlotData {
  int32_t pooling;
  bool has_values;
  uint32_t dim, first;
  std::vector<uint32_t> offsets = {0}, positions = {};
  std::vector<float> values = {};

  void FillRows(int64_t rows, uint32_t keys) {
    for (int64_t i = 0; i < rows; ++i) {
      const uint32_t count = Draw(first, i, 4);  // 0 too
      for (uint32_t k = 0; k < count; ++k) {
        const auto at = static_cast<uint64_t>(positions.size());
        positions.push_back(Draw(first + 70, at, keys));
        if (has_values) values.push_back(static_cast<float>(Draw(first + 80, at, 5)) - 2.0f);
      }
      offsets.push_back(static_cast<uint32_t>(positions.size()));
    }
  }
  // sum of value_k row_k / what the pooling divides by.
  double Pooled(int64_t i, uint32_t element, const std::vector<float>& table) const {
    double sum = 0, keys = 0, weights = 0;
    for (uint32_t k = offsets[i]; k < offsets[i + 1]; ++k) {
      const double value = has_values ? values[k] : 1.0;
      sum += value * table[positions[k] * dim + element];
      keys += 1;
      weights += std::abs(value);
    }
    const double by = pooling == kMeanPooling           ? keys
                      : pooling == kWeightedMeanPooling ? weights
                                                        : 1;
    return by > 0 ? sum / by : 0.0;
  }
};

TEST_F(DevicePoolingTest, PoolsEveryKindOfSlotAndNumericColumns) {
  constexpr uint32_t kKeys = 50;
  const std::vector<float> tables[2] = {RandomFloats(kKeys * 3, 1, 1.0f),
                                        RandomFloats(kKeys * 2, 2, 1.0f)};
  const float* const* const on_device =
      arrays_.Put(std::vector<const float*>{arrays_.Put(tables[0]), arrays_.Put(tables[1])});
  for (const int64_t rows : kOddRows) {
    SCOPED_TRACE(rows);
    std::vector<SlotData> slots = {{SlotConfig::SUM, false, 3, 0},
                                   {SlotConfig::MEAN, true, 2, 3},
                                   {SlotConfig::WEIGHTED_MEAN, true, 3, 5},
                                   {SlotConfig::WEIGHTED_MEAN, false, 2, 8}};
    std::vector<DeviceSlot> packed;
    std::vector<uint32_t> slot_of;
    uint32_t keys = 0;
    for (SlotData& slot : slots) {
      slot.FillRows(rows, kKeys);
      packed.push_back({arrays_.Put(slot.offsets), arrays_.Put(slot.positions),
                        slot.has_values ? arrays_.Put(slot.values) : nullptr, keys,
                        slot.dim == 3 ? 0u : 1u, slot.dim, slot.first, slot.pooling});
      slot_of.insert(slot_of.end(), slot.dim, static_cast<uint32_t>(packed.size() - 1));
      keys += static_cast<uint32_t>(slot.positions.size());
    }
    const std::vector<float> numerics = RandomFloats(2 * rows, 3, 1.0f);
    const DeviceSide* const side =
        arrays_.Put(std::vector<DeviceSide>{{arrays_.Put(packed), arrays_.Put(slot_of),
                                             arrays_.Put(numerics), 10, 16, rows, 4, 0, keys}});
    const int64_t padded = rows + 5, width = 12, stride = 13;
    float* const x = arrays_.Put(std::vector<float>(padded * stride, 7.0f));
    ASSERT_TRUE(device_->Pool(side, on_device, {x, padded, width, stride}).ok());
    const std::vector<float> got = arrays_.Get(x, static_cast<size_t>(padded * stride));
    for (int64_t i = 0; i < padded; ++i) {
      for (int64_t j = 0; j < stride; ++j) {
        double want = j < width ? 0.0 : 7.0;
        if (i < rows && j < 10) {
          const SlotData& slot = slots[slot_of[j]];
          want =
              slot.Pooled(i, static_cast<uint32_t>(j) - slot.first, tables[slot.dim == 3 ? 0 : 1]);
        } else if (i < rows && j < width) {
          want = numerics[static_cast<size_t>((j - 10) * rows + i)];
        }
        ASSERT_NEAR(got[static_cast<size_t>(i * stride + j)], want, 1e-6) << i << " " << j;
      }
    }
  }
}

// Two sides of slots with and without keys, of rows with and without.
TEST_F(DevicePoolingTest, NotesWhereTheGradientOfEveryKeyComesFrom) {
  for (const int64_t rows : kOddRows) {
    SCOPED_TRACE(rows);
    std::vector<SlotData> slots = {
        {SlotConfig::SUM, false, 3, 0},          {SlotConfig::SUM, false, 1, 20},
        {SlotConfig::WEIGHTED_MEAN, true, 2, 3}, {SlotConfig::MEAN, true, 2, 5},
        {SlotConfig::MEAN, false, 1, 21},
    };
    std::vector<DeviceSlot> packed;
    uint32_t keys = 0, of_contexts = 0;
    for (size_t s = 0; s < slots.size(); ++s) {
      SlotData& slot = slots[s];
      if (s == 3) of_contexts = keys;
      const bool empty = slot.first >= 20;
      slot.FillRows(empty ? 0 : rows, 50);
      if (empty) slot.offsets.resize(static_cast<size_t>(rows) + 1);
      packed.push_back({arrays_.Put(slot.offsets), arrays_.Put(slot.positions),
                        slot.has_values ? arrays_.Put(slot.values) : nullptr, keys, 0, slot.dim,
                        slot.first, slot.pooling});
      keys += static_cast<uint32_t>(slot.positions.size());
    }
    const DeviceSlot* const on_device = arrays_.Put(packed);
    const DeviceSide contexts = {on_device, nullptr, nullptr, 10, 16, rows, 3, 0, of_contexts};
    const DeviceSide exposures = {on_device + 3, nullptr,           nullptr, 10, 24, rows, 2,
                                  of_contexts,   keys - of_contexts};
    const DeviceKeyNotes notes = {arrays_.Put(std::vector<uint32_t>(keys)),
                                  arrays_.Put(std::vector<float>(keys))};
    ASSERT_TRUE(device_->NoteKeys(contexts, exposures, notes).ok());
    const auto source = arrays_.Get(notes.source, keys);
    const auto factor = arrays_.Get(notes.factor, keys);
    for (size_t s = 0; s < slots.size(); ++s) {
      const uint32_t stride = s < 3 ? 16 : 24, side_bit = s < 3 ? 0x80000000u : 0u;
      const float* const values = slots[s].has_values ? slots[s].values.data() : nullptr;
      for (uint32_t i = 0; i < rows; ++i) {
        const uint32_t begin = slots[s].offsets[i], end = slots[s].offsets[i + 1];
        const float of_row = PoolingFactor(slots[s].pooling, values, begin, end);
        for (uint32_t k = begin; k < end; ++k) {
          const size_t key = packed[s].first_key + k;
          ASSERT_EQ(source[key], (i * stride + slots[s].first) | side_bit) << s << " " << k;
          ASSERT_EQ(factor[key], values == nullptr ? of_row : of_row * values[k]) << s << " " << k;
        }
      }
    }
  }
}

// Three grains, of which the first two make one node: sums by key against double loops.
TEST_F(DevicePoolingTest, SparseGradientsSumByKeyAndNode) {
  const std::vector<TreeNode> nodes = {{0, 2}, {2, 1}};
  constexpr uint32_t kDim = 3, kElements = 400;
  const std::vector<float> dx[2] = {RandomFloats(kElements, 1, 1.0f),
                                    RandomFloats(kElements, 2, 1.0f)};
  const float* const on_device[2] = {arrays_.Put(dx[0]), arrays_.Put(dx[1])};
  for (const uint32_t keys : {0u, 1u, 31u, 33u, 1000u}) {
    for (const uint32_t distinct : {1u, 7u, 300u}) {
      SCOPED_TRACE(StrCat(keys, " keys, ", distinct, " distinct"));
      std::vector<std::vector<uint32_t>> positions(3);
      std::vector<std::vector<PositionedKeys>> slots(3);
      for (uint32_t g = 0; g < 3; ++g) {
        for (uint32_t k = 0; k < keys; ++k) positions[g].push_back(Draw(g + 3, k, distinct));
        slots[g].push_back({&positions[g], g * keys});
      }
      std::vector<uint32_t> source;
      std::vector<float> factor;
      for (uint32_t k = 0; k < 3 * keys; ++k) {
        source.push_back(Draw(20, k, kElements - kDim) | Draw(21, k, 2) << 31);
        factor.push_back(0.25f * static_cast<float>(Draw(22, k, 9)) - 1.0f);
      }
      GradientOrder order;
      GradientOrderMaker maker;
      maker.Begin(slots, distinct, 1, &order);
      GradientOrderMaker::Scratch scratch;
      for (size_t part = maker.parts(); part-- > 0;) maker.SortPart(part, &scratch);
      maker.Join(nodes);
      const DeviceKeyNotes notes = {arrays_.Put(source), arrays_.Put(factor)};
      const uint32_t* const begins = arrays_.Put(order.piece_begins);
      const uint32_t* const first = arrays_.Put(order.segment_first);
      float* const sums = arrays_.Put(std::vector<float>(order.piece_begins.size() * kDim, NAN));
      for (const GradientOrder::Grain& grain : order.grains) {
        const DevicePieces pieces = {arrays_.Put(order.order), begins + grain.first_piece,
                                     grain.pieces};
        ASSERT_TRUE(device_
                        ->SumPieces(pieces, notes, on_device[1], on_device[0], kDim,
                                    grain.first_piece, sums)
                        .ok());
        ASSERT_TRUE(
            device_->JoinPieces({first + grain.first_segment, grain.segments}, kDim, sums).ok());
      }
      for (size_t n = 0; n < nodes.size(); ++n) {
        const GradientOrder::Node& node = order.nodes[n];
        const DeviceTerms terms = {arrays_.Put(order.term_begins) + node.first_key,
                                   arrays_.Put(order.term_grain), arrays_.Put(order.term_piece),
                                   node.keys, nodes[n].size};
        float* const out = arrays_.Put(std::vector<float>(node.keys * kDim));
        ASSERT_TRUE(device_->CombineTerms(terms, kDim, sums, out).ok());
        const std::vector<float> got = arrays_.Get(out, node.keys * kDim);
        std::vector<double> want(distinct * kDim);
        std::vector<bool> held(distinct);
        for (uint32_t g = nodes[n].begin; g < nodes[n].end(); ++g) {
          for (uint32_t k = 0; k < keys; ++k) {
            const uint32_t key = g * keys + k, p = positions[g][k];
            held[p] = true;
            for (uint32_t j = 0; j < kDim; ++j) {
              want[p * kDim + j] +=
                  double{factor[key]} * dx[source[key] >> 31][(source[key] & 0x7fffffffu) + j];
            }
          }
        }
        std::vector<uint32_t> expected;
        for (uint32_t p = 0; p < distinct; ++p) {
          if (held[p]) expected.push_back(p);
        }
        const auto listed = order.positions.begin() + node.first_key;
        ASSERT_EQ(std::vector<uint32_t>(listed, listed + node.keys), expected);
        for (size_t i = 0; i < expected.size(); ++i) {
          for (uint32_t j = 0; j < kDim; ++j) {
            ASSERT_NEAR(got[i * kDim + j], want[expected[i] * kDim + j], 1e-6 * (keys + 10));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace chorus::worker::testing
