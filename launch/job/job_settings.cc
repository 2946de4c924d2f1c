#include "launch/job/job_settings.h"

namespace chorus::launch {

Status CheckJobSettings(const TrainConfig& config) {
  if (config.data().log_size() == 0) {
    return InvalidArgument("data.log: names no log to train on (--set data.log=DIRECTORY)");
  }
  if (config.checkpoint().best() != CheckpointConfig::NONE && config.evaluate().log_size() == 0) {
    return InvalidArgument("checkpoint.best: needs evaluations to choose from; set evaluate.log");
  }
  return Status::Ok();
}

std::string DoubtOfJobSettings(const TrainConfig& config) {
  if (config.evaluate().every_steps() == 0 || config.evaluate().log_size() > 0) return "";
  return "evaluate.every_steps: nothing is evaluated, since evaluate.log names no log";
}

}  // namespace chorus::launch
