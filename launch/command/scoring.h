#pragma once
// The common part of `chorus evaluate` and `chorus predict`: loads a checkpoint's model into the
// servers of this job. Thread safety: called once, from main's thread.

#include <functional>
#include <string>
#include <vector>

#include "common/status.h"
#include "launch/command/commands.h"
#include "worker/train/session.h"

namespace chorus::launch {

// checkpoint: a checkpoint or a directory of them; "" = checkpoint.directory of the configuration.
// The job's configuration is --config if given, else the one that the checkpoint was trained with;
// --set changes either.
struct ScoringRequest {
  ConfigArguments config = {};
  std::string checkpoint = {};
  bool best = false;                        // of a directory, the one with the best evaluation
  std::vector<std::string> overrides = {};  // further sets, applied last ("evaluate.log=...")
  bool needs_log = true;                    // evaluate.log may not be empty
};
using ScoringMain = std::function<Status(worker::Session* session)>;
Status RunScoring(const ScoringRequest& request, const ScoringMain& work);

// {"evaluate.log=a,b"} for the logs of the command line; an empty list without logs.
std::vector<std::string> LogOverrides(const std::vector<std::string>& log);

}  // namespace chorus::launch
