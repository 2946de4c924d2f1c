#pragma once
// The bytes that the sum of dense gradients among the workers' devices moves, and how long it takes, over the links of
// a host and over its network at once. Thread safety: pure functions.

#include <cstdint>

#include "launch/gpu/hardware.h"

namespace chorus::gpu {

// Bytes that each worker sends (and receives) when the dense gradients of all are summed.
// In the canonical sum, each piece of the vector has an owner that gets this piece of every node
// and sends back the sum (worker/collective/tree_sum.h); in a ring, each piece passes all workers
// twice.
uint64_t CanonicalSumBytes(uint64_t floats, uint64_t nodes, uint32_t workers);
uint64_t RingSumBytes(uint64_t floats, uint32_t workers);

struct GradientSum {
  uint64_t floats = 0;    // of the vector
  uint64_t nodes = 1;     // terms of the canonical tree that one worker sends
  uint32_t workers = 1;   // one device each
  uint32_t of_host = 1;   // most workers of one host
  bool canonical = true;  // compute.cuda.reproducible
  uint64_t buckets = 1;   // pieces of the vector that are summed one after the other
};

struct SumBytes {
  double sent = 0;       // by each worker
  double inside = 0;     // of these, to workers of its own host: over NVLink, or PCIe without it
  double host_away = 0;  // sent to other hosts by all workers of a host together
};
// Canonical: each worker sends the others equal parts, so that all of a host's send to other hosts. A
// ring leaves a host once.
SumBytes BytesOf(const GradientSum& sum);

// The seconds of the sum; 0 for one worker. link_bytes_s, host_bytes_s: the peak speeds of links and of a host's
// network, each way; of these the sum gets the shares assumed in hardware.h. The time to start a bucket's work on
// devices and hosts is assumed (assumed::kSumSeconds), not counted.
double SumSeconds(const GradientSum& sum, double link_bytes_s, double host_bytes_s);

}  // namespace chorus::gpu
