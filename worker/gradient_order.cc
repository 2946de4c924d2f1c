#include "worker/gradient_order.h"

#include <algorithm>

namespace chorus::worker {

void GradientOrderMaker::AddGrain(const std::vector<PositionedKeys>& slots, uint32_t positions,
                                  GradientOrder* out) {
  // A counting sort, stable in batch order.
  counts_.assign(positions + 1, 0);
  uint32_t keys = 0;
  for (const PositionedKeys& slot : slots) {
    for (const uint32_t position : *slot.positions) ++counts_[position + 1];
    keys += static_cast<uint32_t>(slot.positions->size());
  }
  for (uint32_t p = 0; p < positions; ++p) counts_[p + 1] += counts_[p];
  const auto base = static_cast<uint32_t>(out->order.size());
  out->order.resize(base + keys);
  for (const PositionedKeys& slot : slots) {
    for (uint32_t k = 0; k < slot.positions->size(); ++k) {
      out->order[base + counts_[(*slot.positions)[k]]++] = slot.first_key + k;
    }
  }
  // counts_[p] now ends position p.
  GradientOrder::Grain grain;
  grain.first_piece = static_cast<uint32_t>(out->piece_begins.size()) - 1;
  grain.first_segment = static_cast<uint32_t>(out->segment_first.size()) - 1;
  for (uint32_t p = 0, begin = 0; p < positions; begin = counts_[p++]) {
    if (counts_[p] == begin) continue;
    segment_positions_.push_back(p);
    for (uint32_t at = begin; at < counts_[p];) {
      at = std::min(at + GradientOrder::kPieceKeys, counts_[p]);
      out->piece_begins.push_back(base + at);
    }
    const auto pieces = static_cast<uint32_t>(out->piece_begins.size()) - 1;
    grain.has_joins = grain.has_joins || pieces - out->segment_first.back() > 1;
    out->segment_first.push_back(pieces);
  }
  grain.pieces = static_cast<uint32_t>(out->piece_begins.size()) - 1 - grain.first_piece;
  grain.segments = static_cast<uint32_t>(out->segment_first.size()) - 1 - grain.first_segment;
  out->grains.push_back(grain);
}

void GradientOrderMaker::AddNode(TreeNode node, uint32_t positions, GradientOrder* out) {
  counts_.assign(positions + 1, 0);
  const auto each_segment = [&](auto&& visit) {
    for (uint32_t g = node.begin; g < node.end(); ++g) {
      const GradientOrder::Grain& grain = out->grains[g];
      for (uint32_t s = 0; s < grain.segments; ++s) visit(g, grain.first_segment + s);
    }
  };
  each_segment([&](uint32_t, uint32_t s) { ++counts_[segment_positions_[s] + 1]; });
  GradientOrder::Node part;
  part.first_key = static_cast<uint32_t>(out->positions.size());
  const auto base = static_cast<uint32_t>(out->term_grain.size());
  for (uint32_t p = 0; p < positions; ++p) {
    const uint32_t terms = counts_[p + 1];
    counts_[p + 1] += counts_[p];
    if (terms == 0) continue;
    out->positions.push_back(p);
    out->term_begins.push_back(base + counts_[p + 1]);
  }
  part.keys = static_cast<uint32_t>(out->positions.size()) - part.first_key;
  out->term_grain.resize(base + counts_[positions]);
  out->term_piece.resize(base + counts_[positions]);
  each_segment([&](uint32_t g, uint32_t s) {
    const uint32_t at = base + counts_[segment_positions_[s]]++;
    out->term_grain[at] = g - node.begin;
    out->term_piece[at] = out->segment_first[s];
  });
  out->nodes.push_back(part);
}

void GradientOrderMaker::Make(const std::vector<std::vector<PositionedKeys>>& grains,
                              const std::vector<TreeNode>& nodes, uint32_t positions,
                              GradientOrder* out) {
  out->order.clear();
  out->piece_begins.assign(1, 0);
  out->segment_first.assign(1, 0);
  out->grains.clear();
  out->positions.clear();
  out->term_begins.assign(1, 0);
  out->term_grain.clear();
  out->term_piece.clear();
  out->nodes.clear();
  segment_positions_.clear();
  for (const std::vector<PositionedKeys>& slots : grains) AddGrain(slots, positions, out);
  for (const TreeNode node : nodes) AddNode(node, positions, out);
}

}  // namespace chorus::worker
