#include "worker/gradient_order.h"

#include <algorithm>

namespace chorus::worker {

void GradientOrderMaker::Begin(const std::vector<std::vector<PositionedKeys>>& grains,
                               uint32_t positions, GradientOrder* out) {
  grains_ = &grains;
  positions_ = positions;
  out_ = out;
  sorted_.resize(grains.size());
  uint32_t keys = 0;
  for (size_t g = 0; g < grains.size(); ++g) {
    sorted_[g].first_key = keys;
    for (const PositionedKeys& slot : grains[g]) {
      keys += static_cast<uint32_t>(slot.positions->size());
    }
  }
  out->order.resize(keys);
}

// A counting sort, stable in batch order.
void GradientOrderMaker::SortGrain(size_t grain, std::vector<uint32_t>* scratch) {
  const std::vector<PositionedKeys>& slots = (*grains_)[grain];
  std::vector<uint32_t>& counts = *scratch;
  counts.assign(positions_ + 1, 0);
  for (const PositionedKeys& slot : slots) {
    for (const uint32_t position : *slot.positions) ++counts[position + 1];
  }
  Sorted& sorted = sorted_[grain];
  sorted.Clear();
  counts[0] = sorted.first_key;
  for (uint32_t p = 0; p < positions_; ++p) {
    const uint32_t begin = counts[p], end = begin + counts[p + 1];
    counts[p + 1] = end;
    if (begin == end) continue;
    for (uint32_t at = begin; at < end;) {
      at = std::min(at + GradientOrder::kPieceKeys, end);
      sorted.piece_ends.push_back(at);
    }
    sorted.has_joins = sorted.has_joins || end - begin > GradientOrder::kPieceKeys;
    sorted.segment_ends.push_back(static_cast<uint32_t>(sorted.piece_ends.size()));
    sorted.positions.push_back(p);
  }
  for (const PositionedKeys& slot : slots) {
    for (uint32_t k = 0; k < slot.positions->size(); ++k) {
      out_->order[counts[(*slot.positions)[k]]++] = slot.first_key + k;
    }
  }
}

// Numbers the grain's pieces and segments behind those of grains before it.
void GradientOrderMaker::AddGrain(const Sorted& sorted) {
  GradientOrder::Grain grain;
  grain.first_piece = static_cast<uint32_t>(out_->piece_begins.size()) - 1;
  grain.pieces = static_cast<uint32_t>(sorted.piece_ends.size());
  grain.first_segment = static_cast<uint32_t>(out_->segment_first.size()) - 1;
  grain.segments = static_cast<uint32_t>(sorted.segment_ends.size());
  grain.has_joins = sorted.has_joins;
  out_->piece_begins.insert(out_->piece_begins.end(), sorted.piece_ends.begin(),
                            sorted.piece_ends.end());
  for (const uint32_t end : sorted.segment_ends) {
    out_->segment_first.push_back(grain.first_piece + end);
  }
  out_->grains.push_back(grain);
}

void GradientOrderMaker::AddNode(TreeNode node) {
  counts_.assign(positions_ + 1, 0);
  const auto each_segment = [&](auto&& visit) {
    for (uint32_t g = node.begin; g < node.end(); ++g) {
      const uint32_t first = out_->grains[g].first_segment;
      for (uint32_t s = 0; s < sorted_[g].positions.size(); ++s) {
        visit(g, sorted_[g].positions[s], out_->segment_first[first + s]);
      }
    }
  };
  each_segment([&](uint32_t, uint32_t position, uint32_t) { ++counts_[position + 1]; });
  GradientOrder::Node part;
  part.first_key = static_cast<uint32_t>(out_->positions.size());
  const auto base = static_cast<uint32_t>(out_->term_grain.size());
  for (uint32_t p = 0; p < positions_; ++p) {
    const uint32_t terms = counts_[p + 1];
    counts_[p + 1] += counts_[p];
    if (terms == 0) continue;
    out_->positions.push_back(p);
    out_->term_begins.push_back(base + counts_[p + 1]);
  }
  part.keys = static_cast<uint32_t>(out_->positions.size()) - part.first_key;
  out_->term_grain.resize(base + counts_[positions_]);
  out_->term_piece.resize(base + counts_[positions_]);
  each_segment([&](uint32_t g, uint32_t position, uint32_t piece) {
    const uint32_t at = base + counts_[position]++;
    out_->term_grain[at] = g - node.begin;
    out_->term_piece[at] = piece;
  });
  out_->nodes.push_back(part);
}

void GradientOrderMaker::Join(const std::vector<TreeNode>& nodes) {
  out_->piece_begins.assign(1, 0);
  out_->segment_first.assign(1, 0);
  out_->grains.clear();
  out_->positions.clear();
  out_->term_begins.assign(1, 0);
  out_->term_grain.clear();
  out_->term_piece.clear();
  out_->nodes.clear();
  for (const Sorted& sorted : sorted_) AddGrain(sorted);
  for (const TreeNode node : nodes) AddNode(node);
}

}  // namespace chorus::worker
