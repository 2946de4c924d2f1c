#pragma once
// In which order a device adds the gradients of a table's keys, so that no two of its threads write
// one place: the keys of each grain sorted by position (stable: batch order within a position), cut
// into pieces so that a frequent key is not one long sum, and the places of each key's sums in
// every node of the canonical tree. Cuts depend on the grain alone. Thread safety: values; of
// GradientOrderMaker, several threads may sort.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/tree.h"

namespace chorus::worker {

struct GradientOrder {
  static constexpr uint32_t kPieceKeys = 64;  // at most, in one piece

  // One grain's part of the arrays below.
  struct Grain {
    uint32_t first_piece = 0;
    uint32_t pieces = 0;
    uint32_t first_segment = 0;
    uint32_t segments = 0;
    bool has_joins = false;  // some segment has several pieces
  };
  // One node's part.
  struct Node {
    uint32_t first_key = 0;
    uint32_t keys = 0;
  };

  std::vector<uint32_t> order;          // [keys of all grains], counted as in the step
  std::vector<uint32_t> piece_begins;   // [pieces + 1], in order
  std::vector<uint32_t> segment_first;  // [segments + 1], pieces
  std::vector<Grain> grains;
  std::vector<uint32_t> positions;    // [keys of all nodes], ascending within a node
  std::vector<uint32_t> term_begins;  // [keys of all nodes + 1]
  std::vector<uint32_t> term_grain;   // [terms], counted from the node's first grain
  std::vector<uint32_t> term_piece;   // [terms]
  std::vector<Node> nodes;
};

// The keys of one slot of one grain, in batch order.
struct PositionedKeys {
  const std::vector<uint32_t>* positions;  // of the table
  uint32_t first_key;                      // of the step
};

// Begin, SortPart of every part, Join.
class GradientOrderMaker {
 public:
  struct Keyed {
    uint32_t position;
    uint32_t key;
  };
  // What one thread sorts with; its memory is reused.
  struct Scratch {
    std::unique_ptr<Keyed[]> keys;  // [capacity]
    size_t capacity = 0;
    std::vector<uint32_t> counts;
  };

  // grains: slots of the table by grain, in the order in which gradients are added (contexts'
  // first).  positions: number of the table's keys.  threads: the number that will sort; the order
  // does not depend on it. Arguments stay until Join.
  void Begin(const std::vector<std::vector<PositionedKeys>>& grains, uint32_t positions,
             uint32_t threads, GradientOrder* out);
  // A part is a grain or, where grains are fewer than threads, a range of positions in a grain.
  size_t parts() const { return first_part_.back(); }
  // Any thread, each part once.
  void SortPart(size_t part, Scratch* scratch);
  // nodes cover the grains in order, counted from 0.
  void Join(const std::vector<TreeNode>& nodes);

 private:
  struct Part {
    uint32_t grain = 0;
    uint32_t begin = 0;  // positions
    uint32_t end = 0;
    std::vector<uint32_t> piece_ends;    // [pieces], in order
    std::vector<uint32_t> segment_ends;  // [segments], pieces of this part
    std::vector<uint32_t> positions;     // [segments]
    bool has_joins = false;
  };

  uint32_t TakeKeys(const Part& part, Scratch* scratch, size_t* count) const;
  template <typename EachKey>
  void Sort(const EachKey& each_key, uint32_t begin, Part* part, std::vector<uint32_t>* counts);
  void CutPieces(uint32_t begin, Part* part, std::vector<uint32_t>* counts) const;
  void AddGrain(uint32_t grain);
  void AddNode(TreeNode node);
  void AddNodeOfGrain(uint32_t grain);
  template <typename Visit>
  void EachSegment(uint32_t grain, const Visit& visit) const;

  const std::vector<std::vector<PositionedKeys>>* grains_ = nullptr;
  uint32_t positions_ = 0;
  GradientOrder* out_ = nullptr;
  std::vector<uint32_t> first_key_;         // [grains + 1], in GradientOrder::order
  std::vector<uint32_t> first_part_ = {0};  // [grains + 1]
  std::vector<Part> parts_;                 // [>= parts()]
  std::vector<uint32_t> counts_;            // [positions + 1], of Join
};

}  // namespace chorus::worker
