// The order in which gradients of keys are added, against a sort and loops, for any number of
// threads.

#include "worker/engine/device/gradient_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "common/random.h"
#include "worker/math/array_copies.h"

namespace chorus::worker {
namespace {

uint64_t Draw(uint64_t lane, uint64_t i, uint64_t n) {
  return Random(lane, RandomPurpose::kTest, i) % n;
}

// Slots of keys by grain; low positions are frequent ones.
struct Keys {
  Keys(std::vector<uint32_t> keys_of_grains, uint32_t position_count) : positions(position_count) {
    uint32_t first = 0;
    slots.resize(keys_of_grains.size());
    for (size_t g = 0; g < keys_of_grains.size(); ++g) {
      for (const uint32_t share : {3, 2}) {  // of two slots
        std::vector<uint32_t>& slot = *held.emplace_back(new std::vector<uint32_t>());
        for (uint32_t k = 0; k < keys_of_grains[g] / share; ++k) {
          slot.push_back(static_cast<uint32_t>(Draw(held.size(), k, 1 + Draw(99, k, positions))));
        }
        slots[g].push_back({&slot, first});
        first += static_cast<uint32_t>(slot.size()) + 7;  // of other tables
      }
    }
  }

  uint32_t positions;
  std::vector<std::unique_ptr<std::vector<uint32_t>>> held;
  std::vector<std::vector<PositionedKeys>> slots;
};

using Segments = std::vector<std::pair<uint32_t, uint32_t>>;  // (position, first piece)

Segments AddGrain(const std::vector<PositionedKeys>& slots, GradientOrder* out) {
  std::vector<std::pair<uint32_t, uint32_t>> sorted;
  for (const PositionedKeys& slot : slots) {
    for (uint32_t k = 0; k < slot.positions->size(); ++k) {
      sorted.push_back({(*slot.positions)[k], slot.first_key + k});
    }
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Segments segments;
  GradientOrder::Grain grain;
  grain.first_piece = static_cast<uint32_t>(out->piece_begins.size() - 1);
  grain.first_segment = static_cast<uint32_t>(out->segment_first.size() - 1);
  for (size_t i = 0; i < sorted.size(); ++i) {
    out->order.push_back(sorted[i].second);
    const auto end = static_cast<uint32_t>(out->order.size());
    if (i == 0 || sorted[i].first != sorted[i - 1].first) {
      segments.push_back({sorted[i].first, out->piece_begins.size() - 1});
      out->piece_begins.push_back(end);
      out->segment_first.push_back(static_cast<uint32_t>(out->piece_begins.size() - 1));
    } else if (end - out->piece_begins.end()[-2] > GradientOrder::kPieceKeys) {
      out->piece_begins.push_back(end);
      ++out->segment_first.back();
      grain.has_joins = true;
    } else {
      out->piece_begins.back() = end;
    }
  }
  grain.pieces = static_cast<uint32_t>(out->piece_begins.size() - 1) - grain.first_piece;
  grain.segments = static_cast<uint32_t>(segments.size());
  out->grains.push_back(grain);
  return segments;
}

void AddNode(const std::vector<Segments>& segments, TreeNode node, uint32_t positions,
             GradientOrder* out) {
  std::vector<std::vector<std::pair<uint32_t, uint32_t>>> terms(positions);
  for (uint32_t g = node.begin; g < node.end(); ++g) {
    for (const auto& [position, piece] : segments[g]) {
      terms[position].push_back({g - node.begin, piece});
    }
  }
  GradientOrder::Node part;
  part.first_key = static_cast<uint32_t>(out->positions.size());
  for (uint32_t p = 0; p < positions; ++p) {
    if (terms[p].empty()) continue;
    out->positions.push_back(p);
    for (const auto& [grain, piece] : terms[p]) {
      out->term_grain.push_back(grain);
      out->term_piece.push_back(piece);
    }
    out->term_begins.push_back(static_cast<uint32_t>(out->term_grain.size()));
  }
  part.keys = static_cast<uint32_t>(out->positions.size()) - part.first_key;
  out->nodes.push_back(part);
}

GradientOrder Expected(const Keys& keys, const std::vector<TreeNode>& nodes) {
  GradientOrder out;
  out.piece_begins = out.segment_first = out.term_begins = {0};
  std::vector<Segments> segments;
  for (const auto& slots : keys.slots) segments.push_back(AddGrain(slots, &out));
  for (const TreeNode node : nodes) AddNode(segments, node, keys.positions, &out);
  return out;
}

void ExpectSame(const GradientOrder& got, const GradientOrder& expected) {
  EXPECT_TRUE(got.order == expected.order);
  EXPECT_TRUE(got.piece_begins == expected.piece_begins);
  EXPECT_TRUE(got.segment_first == expected.segment_first);
  EXPECT_TRUE(got.positions == expected.positions);
  EXPECT_TRUE(got.term_begins == expected.term_begins);
  EXPECT_TRUE(got.term_grain == expected.term_grain);
  EXPECT_TRUE(got.term_piece == expected.term_piece);
  ASSERT_EQ(got.grains.size(), expected.grains.size());
  for (size_t g = 0; g < got.grains.size(); ++g) {
    EXPECT_EQ(got.grains[g].first_piece, expected.grains[g].first_piece);
    EXPECT_EQ(got.grains[g].pieces, expected.grains[g].pieces);
    EXPECT_EQ(got.grains[g].first_segment, expected.grains[g].first_segment);
    EXPECT_EQ(got.grains[g].segments, expected.grains[g].segments);
    EXPECT_EQ(got.grains[g].has_joins, expected.grains[g].has_joins);
  }
  ASSERT_EQ(got.nodes.size(), expected.nodes.size());
  for (size_t n = 0; n < got.nodes.size(); ++n) {
    EXPECT_EQ(got.nodes[n].first_key, expected.nodes[n].first_key);
    EXPECT_EQ(got.nodes[n].keys, expected.nodes[n].keys);
  }
}

TEST(GradientOrderTest, AnyNumberOfThreadsMakesTheOneOrder) {
  struct Step {
    Keys keys;
    std::vector<TreeNode> nodes;
  };
  const Step steps[] = {
      {Keys({600000}, 40000), {{0, 1}}},                              // one grain, of many parts
      {Keys({250000, 0, 64}, 301), {{0, 2}, {2, 1}}},                 // a part has no keys
      {Keys({1000, 2000, 130, 128}, 1), {{0, 4}}},                    // one position
      {Keys({0}, 0), {{0, 1}}},                                       // nothing
      {Keys({180000, 180000, 500, 140000}, 9000), {{0, 2}, {2, 2}}},  // some grains in parts
  };
  for (const uint32_t threads : {1, 2, 3, 8}) {
    const auto pool = ThreadPool::Create(threads).value();
    std::vector<GradientOrderMaker::Scratch> scratch(threads);
    GradientOrderMaker maker;
    GradientOrder got;
    for (const Step& step : steps) {
      SCOPED_TRACE(threads);
      maker.Begin(step.keys.slots, step.keys.positions, threads, &got);
      const auto sort = [&](size_t part, uint32_t thread) {
        maker.SortPart(part, &scratch[thread]);
      };
      ASSERT_TRUE(ShareOut(pool.get(), maker.parts(), sort).ok());
      maker.Join(step.nodes);
      ExpectSame(got, Expected(step.keys, step.nodes));
    }
  }
}

}  // namespace
}  // namespace chorus::worker
