#pragma once
// Prints the results of the model. Thread safety: none; writes to stdout.

#include "perf/gpu_model/job_model.h"

namespace chorus::perf {

void PrintStep(const JobModel& model);  // what a worker's step holds and moves
// Counts and predicted time by phase of the device.
void PrintPhases(const JobModel& model, const gpu::Gpu& gpu);
// One line per cluster: resources in ms per step, both rates, the bound.
void PrintClusterHeader();
void PrintCluster(const JobModel& model, const Cluster& cluster);
// Prints the same cluster if rows travelled in 16 bits, if devices kept hot rows, and with both.
void PrintWhatIfs(const JobModel& model, const Cluster& cluster);

}  // namespace chorus::perf
