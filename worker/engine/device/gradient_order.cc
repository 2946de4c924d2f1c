#include "worker/engine/device/gradient_order.h"

#include <algorithm>

namespace chorus::worker {
namespace {

constexpr uint32_t kLeastKeys = 1 << 16;  // of a part of a grain: each part looks at all keys

}  // namespace

void GradientOrderMaker::Begin(const std::vector<std::vector<PositionedKeys>>& grains,
                               uint32_t positions, uint32_t threads, GradientOrder* out) {
  grains_ = &grains;
  positions_ = positions;
  out_ = out;
  first_key_.assign(1, 0);
  first_part_.assign(1, 0);
  const auto grain_count = static_cast<uint32_t>(grains.size());
  const uint32_t most = grains.empty() ? 1 : (threads + grain_count - 1) / grain_count;
  for (const std::vector<PositionedKeys>& slots : grains) {
    uint32_t keys = 0;
    for (const PositionedKeys& slot : slots) keys += static_cast<uint32_t>(slot.positions->size());
    first_key_.push_back(first_key_.back() + keys);
    first_part_.push_back(first_part_.back() + std::clamp(keys / kLeastKeys, 1u, most));
  }
  out->order.resize(first_key_.back());
  parts_.resize(std::max<size_t>(parts_.size(), first_part_.back()));  // keeps their memory
  for (uint32_t g = 0; g < grain_count; ++g) {
    const uint64_t count = first_part_[g + 1] - first_part_[g];
    for (uint64_t i = 0; i < count; ++i) {
      Part& part = parts_[first_part_[g] + i];
      part.grain = g;
      part.begin = static_cast<uint32_t>(i * positions / count);
      part.end = static_cast<uint32_t>((i + 1) * positions / count);
    }
  }
}

// The part's keys in batch order, and returns how many of the grain's are of lower positions. No
// branches: what random keys would do next cannot be foreseen.
uint32_t GradientOrderMaker::TakeKeys(const Part& part, Scratch* scratch, size_t* count) const {
  const size_t most = first_key_[part.grain + 1] - first_key_[part.grain] + 1;
  if (scratch->capacity < most) {
    scratch->keys = std::make_unique_for_overwrite<Keyed[]>(most);
    scratch->capacity = most;
  }
  Keyed* const keys = scratch->keys.get();
  const uint32_t width = part.end - part.begin;
  size_t taken = 0;
  uint32_t lower = 0;
  for (const PositionedKeys& slot : (*grains_)[part.grain]) {
    uint32_t key = slot.first_key;
    for (const uint32_t position : *slot.positions) {
      keys[taken] = {position - part.begin, key++};
      taken += position - part.begin < width ? 1 : 0;
      lower += position < part.begin ? 1 : 0;
    }
  }
  *count = taken;
  return lower;
}

// counts: [positions + 1], of keys at counts[p + 1]; then where those of p begin, at counts[p].
void GradientOrderMaker::CutPieces(uint32_t begin, Part* part,
                                   std::vector<uint32_t>* counts) const {
  part->piece_ends.clear();
  part->segment_ends.clear();
  part->positions.clear();
  part->has_joins = false;
  (*counts)[0] = begin;
  for (uint32_t p = 0; p < part->end - part->begin; ++p) {
    uint32_t at = (*counts)[p];
    const uint32_t end = at + (*counts)[p + 1];
    (*counts)[p + 1] = end;
    if (at == end) continue;
    part->has_joins = part->has_joins || end - at > GradientOrder::kPieceKeys;
    while (at < end) {
      at = std::min(at + GradientOrder::kPieceKeys, end);
      part->piece_ends.push_back(at);
    }
    part->segment_ends.push_back(static_cast<uint32_t>(part->piece_ends.size()));
    part->positions.push_back(part->begin + p);
  }
}

// A counting sort, stable in the order of each_key(visit(position from part->begin, key)).
template <typename EachKey>
void GradientOrderMaker::Sort(const EachKey& each_key, uint32_t begin, Part* part,
                              std::vector<uint32_t>* counts) {
  counts->assign(part->end - part->begin + 1, 0);
  each_key([&](uint32_t position, uint32_t) { ++(*counts)[position + 1]; });
  CutPieces(begin, part, counts);
  each_key([&](uint32_t position, uint32_t key) { out_->order[(*counts)[position]++] = key; });
}

void GradientOrderMaker::SortPart(size_t number, Scratch* scratch) {
  Part& part = parts_[number];
  const uint32_t first = first_key_[part.grain];
  if (first_part_[part.grain] + 1 == first_part_[part.grain + 1]) {  // the whole grain
    const auto each_of_grain = [&](const auto& visit) {
      for (const PositionedKeys& slot : (*grains_)[part.grain]) {
        uint32_t key = slot.first_key;
        for (const uint32_t position : *slot.positions) visit(position, key++);
      }
    };
    return Sort(each_of_grain, first, &part, &scratch->counts);
  }
  size_t count = 0;
  const uint32_t lower = TakeKeys(part, scratch, &count);
  const auto each_taken = [&](const auto& visit) {
    for (size_t k = 0; k < count; ++k) visit(scratch->keys[k].position, scratch->keys[k].key);
  };
  Sort(each_taken, first + lower, &part, &scratch->counts);
}

// Numbers the grain's pieces and segments behind those of grains before it.
void GradientOrderMaker::AddGrain(uint32_t grain) {
  GradientOrder::Grain added;
  added.first_piece = static_cast<uint32_t>(out_->piece_begins.size()) - 1;
  added.first_segment = static_cast<uint32_t>(out_->segment_first.size()) - 1;
  for (uint32_t i = first_part_[grain]; i < first_part_[grain + 1]; ++i) {
    const Part& part = parts_[i];
    const auto first_piece = static_cast<uint32_t>(out_->piece_begins.size()) - 1;
    out_->piece_begins.insert(out_->piece_begins.end(), part.piece_ends.begin(),
                              part.piece_ends.end());
    for (const uint32_t end : part.segment_ends) out_->segment_first.push_back(first_piece + end);
    added.has_joins = added.has_joins || part.has_joins;
  }
  added.pieces = static_cast<uint32_t>(out_->piece_begins.size()) - 1 - added.first_piece;
  added.segments = static_cast<uint32_t>(out_->segment_first.size()) - 1 - added.first_segment;
  out_->grains.push_back(added);
}

// visit(position, first piece), by position.
template <typename Visit>
void GradientOrderMaker::EachSegment(uint32_t grain, const Visit& visit) const {
  uint32_t segment = out_->grains[grain].first_segment;
  for (uint32_t i = first_part_[grain]; i < first_part_[grain + 1]; ++i) {
    for (const uint32_t position : parts_[i].positions) {
      visit(position, out_->segment_first[segment++]);
    }
  }
}

void GradientOrderMaker::AddNode(TreeNode node) {
  counts_.assign(positions_ + 1, 0);
  for (uint32_t g = node.begin; g < node.end(); ++g) {
    EachSegment(g, [&](uint32_t position, uint32_t) { ++counts_[position + 1]; });
  }
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
  for (uint32_t g = node.begin; g < node.end(); ++g) {
    EachSegment(g, [&](uint32_t position, uint32_t piece) {
      const uint32_t at = base + counts_[position]++;
      out_->term_grain[at] = g - node.begin;
      out_->term_piece[at] = piece;
    });
  }
  out_->nodes.push_back(part);
}

// The same for a node of one grain: each of its segments is a term alone.
void GradientOrderMaker::AddNodeOfGrain(uint32_t grain) {
  GradientOrder::Node part;
  part.first_key = static_cast<uint32_t>(out_->positions.size());
  part.keys = out_->grains[grain].segments;
  EachSegment(grain, [&](uint32_t position, uint32_t piece) {
    out_->positions.push_back(position);
    out_->term_begins.push_back(out_->term_begins.back() + 1);
    out_->term_grain.push_back(0);
    out_->term_piece.push_back(piece);
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
  for (uint32_t g = 0; g < grains_->size(); ++g) AddGrain(g);
  for (const TreeNode node : nodes) {
    if (node.size == 1) {
      AddNodeOfGrain(node.begin);
    } else {
      AddNode(node);
    }
  }
}

}  // namespace chorus::worker
