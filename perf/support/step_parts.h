#pragma once
// The parts of a training step, each timed alone in this process: reading; then pooling, dense
// part, losses and sparse gradients of its grains on one thread; and the dense part's matrix
// products on all threads. Thread safety: one thread; starts its own.

#include <cstdint>
#include <string>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"

namespace chorus::perf {

struct StepParts {  // seconds per step
  double read = 0;  // decode, shuffle, cut grains, unique keys, positions: the reader thread's work
  double pool = 0;
  double dense = 0;  // towers forward and backward
  double loss = 0;
  double unpool = 0;             // gradients of rows
  double products = 0;           // the matrix products of `dense` alone, on one thread
  double products_parallel = 0;  // the same, shared among config.compute.threads threads
  double flops = 0;              // of the products
  double keys = 0;               // of a step; and how many different ones
  double unique_keys = 0;
};

// Measures the first steps of config.data.log, which `files` holds.
Result<StepParts> MeasureStepParts(const TrainConfig& config, FileSystem& files);

// FLOP/s of a product of two n x n matrices, `threads` of them at once.
Result<double> ProductPeak(const TrainConfig& config, int64_t n);

}  // namespace chorus::perf
