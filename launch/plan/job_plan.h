#pragma once
// A job on paper: how much each rank of a layout holds, sends and computes, and how long a step
// takes. Frames are made by the client's own code from the log's own steps (worker_trace.h), ids
// are counted by sketches (distinct_ids.h), times follow from rates (step_time.h).
// Thread safety: one call at a time; starts threads.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/plan/key_sketch.h"
#include "launch/plan/plan.pb.h"
#include "launch/plan/plan_layout.h"
#include "launch/plan/planned_job.h"
#include "launch/plan/step_time.h"

namespace chorus::launch {

// One layout, traced: times and advice are computed from it.
struct TracedJob {
  JobPlan plan;  // all but rates, times and advice
  StepWork work;
};

// ids: sketches of the log's keys, by configured table; [] = keys are not counted, and servers'
// memory is left out. Error: that of the log.
Result<TracedJob> TraceJob(const TrainConfig& config, const PlanLayout& layout, uint32_t steps,
                           const std::vector<KeySketch>& ids, FileSystem& files);

// Adds times, bottleneck and advice to the plan.
void Predict(const TrainConfig& config, const PlanRates& rates, TracedJob* traced);

// The sketches of the keys of a job's log, once for all layouts.
Result<std::vector<KeySketch>> CountIds(const TrainConfig& config, FileSystem& files);

}  // namespace chorus::launch
