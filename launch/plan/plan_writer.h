#pragma once
// Turns the traces of a layout's workers into the plan's ranks, and into the work from which times
// and advice are computed (step_time.h). Thread safety: one thread.

#include <cstdint>
#include <vector>

#include "launch/plan/key_sketch.h"
#include "launch/plan/plan.pb.h"
#include "launch/plan/plan_layout.h"
#include "launch/plan/planned_job.h"
#include "launch/plan/planned_sums.h"
#include "launch/plan/step_time.h"
#include "launch/plan/worker_memory.h"
#include "launch/plan/worker_trace.h"

namespace chorus::launch {

// Which ranks there are, and where.
struct Layouts {
  PlanLayout layout;
  bool colocated;
  HostsOfRanks hosts;
};

// Call AddWorker for each worker in order, then Finish. All references and pointers must outlive
// it.
class PlanWriter {
 public:
  PlanWriter(const PlannedJob& job, const Layouts& at, JobPlan* plan, StepWork* work);

  void AddWorker(uint32_t w, const WorkerTrace& trace);
  // Adds the ranks in their order. ids: sketches of the log's keys, by configured table; [] = memory of rows is left
  // out.
  void Finish(const std::vector<KeySketch>& ids);

 private:
  void AddFrame(uint32_t w, const StepLoad& load, double share, PlanRank* rank, WorkerHolds* holds);
  void AddRun(uint32_t w, const WorkerTrace& trace, const SumsOfWorker& sums, PlanRank* rank) const;
  void AddSums(uint32_t w, const SumsOfWorker& sums, PlanRank* rank, WorkerWork* work) const;
  void AddServerMemory(const std::vector<KeySketch>& ids);
  PlanRank BothOf(uint32_t rank) const;

  const PlannedJob& job_;
  const Layouts& at_;
  const bool on_devices_;  // SumsOnDevices
  JobPlan* const plan_;
  StepWork* const work_;
  std::vector<PlanRank> server_ranks_;
  std::vector<PlanRank> worker_ranks_;
};

}  // namespace chorus::launch
