#pragma once
// How long a device takes for the calls of a step, from their cost and what it can do at best (hardware.h): each call
// the largest of its starts, its bytes of memory, its products and its loops. Thread safety: pure functions.

#include "common/config.pb.h"
#include "launch/gpu/cost.h"
#include "launch/gpu/hardware.h"

namespace chorus::gpu {

// Of one call, copies over the bus included.
double SecondsOf(const Cost& cost, const Gpu& gpu, ComputeConfig::Precision precision);
// Of kernels and products of a step, with what the host takes to see that they have ended; copies over the bus are left
// out.
double KernelSeconds(const StepCost& calls, const Gpu& gpu, ComputeConfig::Precision precision);
// Products by a precision's units, else by what the GPU has: operations a second.
double ProductPeakOf(const Gpu& gpu, ComputeConfig::Precision precision);
// Of so many bytes over the bus, one way, in so many copies.
double BusSeconds(double bytes, double copies, const Gpu& gpu);

}  // namespace chorus::gpu
