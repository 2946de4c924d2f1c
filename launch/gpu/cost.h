#pragma once
// The cost of a device's calls (worker/device/device.h) in numbers that do not depend on the
// device: starts of kernels, matrix products and copies, bytes over its bus and in its memory,
// operations of products. Thread safety: values.

#include <cstdint>
#include <vector>

namespace chorus::gpu {

// The purpose of a step's calls, in the order of a step.
enum class Phase {
  kUpload,        // the packed step: pulled rows, grains, the order of gradients
  kPool,          // rows to input matrices
  kForward,       // towers
  kLoss,          // losses and their gradients
  kBackward,      // towers
  kRowGradients,  // input gradients to sums of keys of a grain
  kSums,          // sums over grains, dense and sparse
  kCheck,         // for infinities and NaN
  kReturn,        // flags, sums, logits and gradients to the host
  kUpdate,        // dense weights
};
constexpr int kPhases = 10;
const char* NameOf(Phase phase);

struct Cost {
  uint64_t launches = 0;         // of our kernels
  uint64_t products = 0;         // calls of the matrix library
  uint64_t copies = 0;           // between host and device
  uint64_t fills = 0;            // of device memory by the copy engine
  uint64_t graphs = 0;           // started: their launches, products and fills are nodes instead
  uint64_t nodes = 0;            // of graphs
  uint64_t waits = 0;            // of the host for the device
  uint64_t bytes_to_device = 0;  // copied
  uint64_t bytes_to_host = 0;
  // Bytes of device memory read and written, if each operand crosses the memory's bus once, and a
  // gathered row each time it is gathered.
  uint64_t memory_bytes = 0;
  uint64_t flops = 0;  // of products: 2 M N K
  // Pieces of 64 x 64 x 1024 (M x N x K) in the products: this many multiprocessors can be kept
  // busy by them.
  uint64_t pieces = 0;
  // Passes of the longest loop over memory in one thread of each kernel: they take their time in a
  // kernel of few threads, however little it reads.
  uint64_t passes = 0;

  uint64_t bus_bytes() const { return bytes_to_device + bytes_to_host; }
  // Counts each start as a node of a graph from now on.
  void BecomeNodes();
  Cost& operator+=(const Cost& other);
  friend bool operator==(const Cost&, const Cost&) = default;
};

// One call of a device.
struct CallCost {
  const char* name = "";  // of the method
  Phase phase = Phase::kUpload;
  Cost cost;
};
using StepCost = std::vector<CallCost>;  // in the order of the calls

Cost TotalOf(const StepCost& calls);
Cost TotalOf(const StepCost& calls, Phase phase);

}  // namespace chorus::gpu
