#pragma once
// Whether all ranks see the same logs and checkpoints, and how fast their disks are.
// Thread safety: the communicator's.

#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/doctor/finding.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"

namespace chorus::launch {

// Every rank calls it; the findings are the first rank's alone. One rank per host writes and reads
// some megabytes in the folders that `config` names: checkpoint.directory (made if it is not
// there), the logs of data.log and evaluate.log. Error: the communicator's.
Result<std::vector<Finding>> CheckFolders(Communicator& all, FileSystem& files,
                                          const TrainConfig& config,
                                          const std::vector<Place>& places);

}  // namespace chorus::launch
