// `chorus doctor`: what a job would find on the ranks that this is started on.

#include "common/config.h"
#include "launch/command/commands.h"
#include "launch/doctor/doctor.h"

namespace chorus::launch {

Status RunDoctor(const DoctorArguments& arguments, bool* wrong) {
  return ExamineJob(
      [&] { return LoadTrainConfig(arguments.config.config_file, arguments.config.sets); }, wrong);
}

}  // namespace chorus::launch
