#pragma once
// Encoders that multiply features with one another. Thread safety: none; one thread builds a
// network.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/model/group_builder.h"
#include "worker/model/input_layout.h"

namespace chorus::worker {

// The columns of a group's inputs that are slots, contexts first.
struct SlotPorts {
  int64_t dim = 0;  // of all of them
  std::vector<Port> ports;
};

// inputs: of the graph.  reader: in messages.  Error: kInvalidArgument, slots differ in their
// dimensions (names two), or there are less than two.
Result<SlotPorts> FindSlots(const InputLayout& layout, const std::string& reader,
                            const std::vector<Port>& inputs);

// Names of weights: "PREFIX.LAYER.bias" and ".context", ".exposure" or ".weight"; with a rank
// "PREFIX.LAYER.u" and "PREFIX.LAYER.v" instead of PREFIX.LAYER.
Port AddCross(const CrossConfig& config, const std::string& prefix, const std::vector<Port>& below,
              GroupBuilder* builder);
std::vector<Port> AddBiInteraction(const std::string& prefix, const SlotPorts& slots,
                                   GroupBuilder* builder);
// Pairs of context slots, once per context; pairs of both sides; pairs of exposure slots.
std::vector<Port> AddSlotDots(const std::string& prefix, const SlotPorts& slots,
                              GroupBuilder* builder);

// Names of weights: "PREFIX.unit.key", ".query", ".product", ".bias"; "PREFIX.score.weight" and
// ".bias".
// Error: kInvalidArgument names the field and the slot.
Result<Port> AddTargetAttention(const TargetAttentionConfig& config, const std::string& reader,
                                const std::string& prefix, const InputLayout& layout,
                                GroupBuilder* builder);

}  // namespace chorus::worker
