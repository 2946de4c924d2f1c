#include "worker/metrics/clicks_alone.h"

#include <algorithm>

namespace chorus::worker {

void LeaveOutConversions(Evaluation* evaluation) {
  auto* const tasks = evaluation->mutable_task();
  tasks->erase(std::remove_if(tasks->begin(), tasks->end(),
                              [](const TaskMetrics& task) { return task.task() != "ctr"; }),
               tasks->end());
  evaluation->clear_pcoc_bucket();
  evaluation->clear_ranking();
  evaluation->clear_pcvr_above_one();
  evaluation->clear_all_exposures_cvr_auc();
}

}  // namespace chorus::worker
