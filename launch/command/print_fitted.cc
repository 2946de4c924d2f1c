#include "launch/command/print_fitted.h"

#include <cstdio>
#include <vector>

#include "common/config.h"
#include "common/file.h"
#include "launch/command/fitted_config.h"
#include "worker/steps/fit_settings.h"
#include "worker/steps/training_data.h"

namespace chorus::launch {
namespace {

// As the run itself plans them: lanes of a log end unevenly, which rows and step alone do not tell.
Status PrintPlannedSteps(const TrainConfig& config) {
  if (config.data().log_size() == 0) return Status::Ok();
  if (config.data().follow_seconds() > 0) {
    std::printf("# Steps are those of each file, until %g s pass without another one.\n",
                config.data().follow_seconds());
    return worker::CheckFollowable(config);
  }
  ASSIGN_OR_RETURN(const worker::TrainingData data, worker::OpenTrainingData(config, PosixFiles()));
  std::printf("# %llu steps are planned, in %u %s.\n",
              static_cast<unsigned long long>(data.last_step), config.data().epochs(),
              config.data().epochs() == 1 ? "epoch" : "epochs");
  return Status::Ok();
}

}  // namespace

Status PrintFitted(const ConfigArguments& arguments, worker::Resume resume) {
  std::vector<worker::FittedSetting> fitted;
  ASSIGN_OR_RETURN(const TrainConfig config, LoadFitted(arguments, resume, &fitted));
  if (config.data().log_size() == 0) {
    std::printf("# data.log is not set: what would fit the log has its default.\n");
  }
  if (!fitted.empty()) std::printf("# These fit the log (write a field to have it otherwise):\n");
  for (const worker::FittedSetting& setting : fitted) {
    std::printf("#   %s = %s: %s\n", setting.field.c_str(), setting.value.c_str(),
                setting.reason.c_str());
  }
  RETURN_IF_ERROR(PrintPlannedSteps(config));
  std::fputs(PrintConfig(config).c_str(), stdout);
  return Status::Ok();
}

}  // namespace chorus::launch
