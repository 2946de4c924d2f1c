#pragma once
// Proves, before the first step, that all ranks which will write to a folder write to the same one.
// A folder that is not mounted on a host may exist there too, empty and on another disk, and a
// checkpoint would have its shards in both. Thread safety: the communicator's.

#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"

namespace chorus::launch {

// Network file systems cache the contents of a folder for some seconds.
constexpr double kShownSeconds = 5;

// Every rank calls it. The first rank writes a file of a random name, every other rank looks it up
// and, if it `writes`, writes one itself, which the first rank looks up. shown_seconds: the time in
// which a file system shows a new file elsewhere; the check takes at most twice that.
// places: of the ranks.
// Errors: kFailedPrecondition on the first rank, which names field, folder, and every rank and host
// that sees another folder or cannot write; kAborted on the others; those of the communicator.
Status CheckSharedFolder(Communicator& all, FileSystem& files, const std::string& field,
                         const std::string& folder, bool writes, const std::vector<Place>& places,
                         double shown_seconds = kShownSeconds);

}  // namespace chorus::launch
