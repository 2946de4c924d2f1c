#pragma once
// What the user has set of Open MPI's own parameters, and what a job over several hosts needs of
// them. Thread safety: pure functions of the environment and of Open MPI's files.

#include <string>

#include "launch/job/launcher.h"

namespace chorus::launch {

// As `mpirun --mca name value` sets it, or else a file of parameters: one of mca_base_param_files,
// or the user's or the installation's own. "" = it is not set.
std::string McaParameter(const std::string& name, const Variables& variables);

// What to say of a job over several hosts whose mpirun would notice a host that vanishes later than
// its ranks do, and would then wait for it for a quarter of an hour; "" if it is well, or no mpirun
// is there.
std::string KeepaliveDoubt(double deadline_seconds, const Variables& variables);

}  // namespace chorus::launch
