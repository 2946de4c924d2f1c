#include "launch/gpu/cost.h"

namespace chorus::gpu {

const char* NameOf(Phase phase) {
  constexpr const char* kNames[kPhases] = {"upload",        "pool", "forward", "loss",   "backward",
                                           "row gradients", "sums", "check",   "return", "update"};
  return kNames[static_cast<int>(phase)];
}

Cost& Cost::operator+=(const Cost& other) {
  launches += other.launches;
  products += other.products;
  copies += other.copies;
  fills += other.fills;
  graphs += other.graphs;
  nodes += other.nodes;
  waits += other.waits;
  bytes_to_device += other.bytes_to_device;
  bytes_to_host += other.bytes_to_host;
  memory_bytes += other.memory_bytes;
  flops += other.flops;
  pieces += other.pieces;
  passes += other.passes;
  return *this;
}

void Cost::BecomeNodes() {
  nodes += launches + products + fills + copies;
  launches = products = fills = copies = 0;
}

Cost TotalOf(const StepCost& calls) {
  Cost total;
  for (const CallCost& call : calls) total += call.cost;
  return total;
}

Cost TotalOf(const StepCost& calls, Phase phase) {
  Cost total;
  for (const CallCost& call : calls) {
    if (call.phase == phase) total += call.cost;
  }
  return total;
}

}  // namespace chorus::gpu
