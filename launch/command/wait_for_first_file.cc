#include "launch/command/wait_for_first_file.h"

#include <chrono>
#include <string>
#include <thread>

#include "common/config.h"
#include "common/file.h"
#include "common/log.h"
#include "common/stop_signal.h"
#include "common/strings.h"
#include "launch/command/fitted_config.h"
#include "worker/steps/training_data.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {

Result<bool> WaitForFirstFile(const TrainArguments& arguments) {
  ASSIGN_OR_RETURN(const TrainConfig config,
                   LoadTrainConfig(arguments.config.config_file, arguments.config.sets));
  const double seconds = config.data().follow_seconds();
  if (seconds <= 0 || config.data().log_size() == 0) return true;
  RETURN_IF_ERROR(worker::CheckFollowable(config));
  if (arguments.resume != worker::Resume::kNothing) {
    const auto found = worker::FindCheckpoint(PosixFiles(), config.checkpoint().directory());
    if (found.ok() && found->has_value()) return true;  // which knows where it stands
  }
  const auto begin = std::chrono::steady_clock::now();
  for (bool said = false;; said = true) {
    ASSIGN_OR_RETURN(const std::string first, FirstFollowedFile(PosixFiles(), config));
    if (!first.empty()) return true;
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin;
    if (StopSignal() != 0) return false;
    if (waited.count() >= seconds) {
      return NotFound(StrCat("data.log: no *.log file came to ", config.data().log(0), " within ",
                             seconds, " s (data.follow_seconds)"));
    }
    if (!said) LogInfo("waiting for the first log file in ", config.data().log(0));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace chorus::launch
