#pragma once
// What the sum of dense gradients among the devices of workers moves, and how long it takes: over the links of a host
// and over its network at once. Thread safety: pure functions.

#include <cstdint>

#include "launch/gpu/hardware.h"

namespace chorus::gpu {

// Bytes that each worker sends (and receives) when the dense gradients of all are summed.
// Canonical: an owner of each piece of the vector gets that piece of every node and sends back the
// sum (worker/collective/tree_sum.h); ring: each piece passes all workers twice.
uint64_t CanonicalSumBytes(uint64_t floats, uint64_t nodes, uint32_t workers);
uint64_t RingSumBytes(uint64_t floats, uint32_t workers);

struct GradientSum {
  uint64_t floats = 0;    // of the vector
  uint64_t nodes = 1;     // of the canonical tree, of a worker
  uint32_t workers = 1;   // one device each
  uint32_t of_host = 1;   // most workers of one host
  bool canonical = true;  // compute.cuda.reproducible
  uint64_t buckets = 1;   // that the vector is summed in, one after the other
};

struct SumBytes {
  double sent = 0;       // by each worker
  double inside = 0;     // of these, to workers of its own host: over NVLink, or PCIe without it
  double host_away = 0;  // that all workers of a host together send to other hosts
};
// Canonical: each worker sends the others equal parts, so that all of a host's send to other hosts. A ring leaves a host
// once.
SumBytes BytesOf(const GradientSum& sum);

// link_bytes_s, host_bytes_s: what links and a host's network carry each way, without what is lost to the way. 0 for
// one worker. What devices and hosts start for a bucket is assumed (assumed::kSumSeconds), not counted.
double SumSeconds(const GradientSum& sum, double link_bytes_s, double host_bytes_s);

}  // namespace chorus::gpu
