// `chorus doctor`: looks at what a job would find on the ranks on which the command is started.

#include "common/config.h"
#include "common/file.h"
#include "launch/command/commands.h"
#include "launch/command/fitted_config.h"
#include "launch/doctor/doctor.h"
#include "launch/doctor/job_findings.h"

namespace chorus::launch {

Status RunDoctor(const DoctorArguments& arguments, bool* wrong) {
  const auto judge = [&](const TrainConfig& config) -> std::vector<Finding> {
    if (config.data().log().empty()) return {};  // there is no job yet
    std::vector<worker::FittedSetting> fitted;
    return JudgeJob(PosixFiles(), config,
                    LoadFitted(arguments.config, worker::Resume::kNewest, &fitted));
  };
  return ExamineJob(
      [&] { return LoadTrainConfig(arguments.config.config_file, arguments.config.sets); }, judge,
      wrong);
}

}  // namespace chorus::launch
