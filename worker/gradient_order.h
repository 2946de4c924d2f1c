#pragma once
// In which order a device adds the gradients of a table's keys, so that no two of its threads write
// one place: the keys of each grain sorted by position (stable: batch order within a position), cut
// into pieces so that a frequent key is not one long sum, and the places of each key's sums in
// every node of the canonical tree. Cuts depend on the grain alone. Thread safety: values; none.

#include <cstdint>
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

class GradientOrderMaker {
 public:
  // grains: slots of the table by grain, in the order in which gradients are added (contexts'
  // first). nodes cover the grains in order, counted from 0.  positions: number of the table's
  // keys.
  void Make(const std::vector<std::vector<PositionedKeys>>& grains,
            const std::vector<TreeNode>& nodes, uint32_t positions, GradientOrder* out);

 private:
  void AddGrain(const std::vector<PositionedKeys>& slots, uint32_t positions, GradientOrder* out);
  void AddNode(TreeNode node, uint32_t positions, GradientOrder* out);

  std::vector<uint32_t> counts_;             // [positions + 1]
  std::vector<uint32_t> segment_positions_;  // [segments of the step]
};

}  // namespace chorus::worker
