#pragma once
// How long a device takes for the calls of a step, from their cost and the device's best speeds (hardware.h): each call
// takes the largest of the times of its starts, its bytes of memory, its products and its loops. Thread safety: pure
// functions.

#include "common/config.pb.h"
#include "launch/gpu/cost.h"
#include "launch/gpu/hardware.h"

namespace chorus::gpu {

// The seconds of one call, copies over the bus included.
double SecondsOf(const Cost& cost, const Gpu& gpu, ComputeConfig::Precision precision);
// The seconds of a step's kernels and products, with the time that the host takes to see that they have ended; copies
// over the bus are left out.
double KernelSeconds(const StepCost& calls, const Gpu& gpu, ComputeConfig::Precision precision);
// The peak operations per second of matrix products: by the units of the precision, or by the FP32
// units where the GPU has no such units.
double ProductPeakOf(const Gpu& gpu, ComputeConfig::Precision precision);
// The seconds of `bytes` bytes over the bus, one way, in `copies` copies.
double BusSeconds(double bytes, double copies, const Gpu& gpu);

}  // namespace chorus::gpu
