#pragma once
// The values that the user has given to Open MPI's own parameters, and a check of those that a job
// over several hosts needs. Thread safety: pure functions of the environment and of Open MPI's
// files.

#include <string>

#include "launch/job/launcher.h"

namespace chorus::launch {

// The value that `mpirun --mca name value` sets, or otherwise one from a file of parameters: one of
// mca_base_param_files, or the user's or the installation's own. "" = it is not set.
std::string McaParameter(const std::string& name, const Variables& variables);

// The doubt about a job over several hosts whose mpirun would notice a vanished host later than the
// ranks do, and would then wait for it for a quarter of an hour; "" if all is well, or if there is
// no mpirun.
std::string KeepaliveDoubt(double deadline_seconds, const Variables& variables);

}  // namespace chorus::launch
