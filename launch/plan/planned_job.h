#pragma once
// A job as it would begin: its log, reading order, method, tables and model, without ranks and
// without weights. Thread safety: read-only.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "common/table_spec.h"
#include "worker/model/model.h"
#include "worker/objective/objective.h"
#include "worker/steps/training_data.h"

namespace chorus::launch {

struct PlannedJob {
  // config: complete. Error: that of the log or of the configuration.
  static Result<std::unique_ptr<PlannedJob>> Open(const TrainConfig& config, FileSystem& files);

  PlannedJob(const TrainConfig& of_job, worker::TrainingData of_log)
      : config(of_job), data(std::move(of_log)) {}

  const TrainConfig config;
  worker::TrainingData data;
  std::unique_ptr<worker::Objective> objective;
  std::vector<TableSpec> tables;  // instances
  worker::Model model;
};

}  // namespace chorus::launch
