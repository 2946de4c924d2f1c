#include "launch/plan/planned_job.h"

#include <utility>

namespace chorus::launch {

Result<std::unique_ptr<PlannedJob>> PlannedJob::Open(const TrainConfig& config, FileSystem& files) {
  ASSIGN_OR_RETURN(worker::TrainingData data, worker::OpenTrainingData(config, files));
  auto job = std::make_unique<PlannedJob>(config, std::move(data));
  ASSIGN_OR_RETURN(job->objective, worker::MakeObjective(config.objective(), config.seed()));
  job->tables = TablesOf(config, job->objective->shape().group_names());
  ASSIGN_OR_RETURN(job->model,
                   worker::Model::Make(config, job->data.log->schema(), job->objective->shape()));
  return job;
}

}  // namespace chorus::launch
