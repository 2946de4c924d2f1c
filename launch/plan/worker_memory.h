#pragma once
// The memory of a worker on its host, by part: formulas over the model, the log and the contents of
// its steps. Thread safety: pure function.

#include <vector>

#include "launch/plan/plan.pb.h"
#include "launch/plan/planned_job.h"

namespace chorus::launch {

// The contents of a worker's steps: the largest of all steps.
struct WorkerHolds {
  uint32_t grains = 1;
  uint32_t nodes = 1;      // terms of the canonical tree that it sums
  uint32_t all_nodes = 1;  // terms of all workers
  uint32_t workers = 1;
  uint32_t threads = 1;
  uint32_t reader_threads = 1;
  // Whether it computes on a GPU: activations and gradients are there, and TraceGpu tells the
  // page-locked memory.
  bool on_device = false;
  double batch_bytes = 0;
  double context_bytes = 0;         // of a context in memory
  double exposure_bytes = 0;        // of an exposure, without its context
  double grain_gradient_bytes = 0;  // of rows, of all grains
  double gradient_bytes = 0;        // of the summed ones, which leave with a frame
  double frame_bytes = 0;           // sent and received for a step
};

std::vector<PlanPart> WorkerMemory(const PlannedJob& job, const WorkerHolds& holds);

// The memory of a process before it holds anything: the program, its libraries, MPI.
constexpr uint64_t kProcessBytes = uint64_t{32} << 20;
// The additional memory of a process that computes: kernels, their code made at run time, threads.
constexpr uint64_t kWorkerProcessBytes = uint64_t{37} << 20;

}  // namespace chorus::launch
