#pragma once
// Encoders that multiply features with one another or weigh them. Thread safety: none; one thread
// builds a network.

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
  std::vector<Port> others;  // numeric columns
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

// The slots with a weight each, and the numeric columns as they are. Names of weights:
// "PREFIX.squeeze.contexts", ".exposures", ".bias"; "PREFIX.excite.weight", ".bias".
std::vector<Port> AddSlotGate(const SlotGateConfig& config, const std::string& prefix,
                              const SlotPorts& slots, GroupBuilder* builder);

}  // namespace chorus::worker
