#pragma once
// Whether a job's reports can be written and served while it runs: report.metrics,
// report.tensorboard, report.trace, report.prometheus. Thread safety: the communicator's.

#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/doctor/finding.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"

namespace chorus::launch {

// Whether files can be made in `folder`, which is made if it is not there. Error: why not.
Status TryFolder(FileSystem& files, const std::string& folder, uint32_t rank);

// Every rank calls it; the findings are the first rank's alone. is_first_worker: whether this rank
// is the first worker, which makes the reports' folders and a file in each. Every rank opens its
// port for a moment.
// Error: the communicator's.
Result<std::vector<Finding>> CheckReports(Communicator& all, FileSystem& files,
                                          const ReportConfig& config, bool is_first_worker,
                                          const std::vector<Place>& places);

}  // namespace chorus::launch
