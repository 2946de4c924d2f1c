#pragma once
// Proof, before the first step, that every rank that will write to a folder writes to the same one:
// a folder that is not mounted on a host exists there too, empty and on another disk, and a
// checkpoint would have its shards in both. Thread safety: the communicator's.

#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"

namespace chorus::launch {

// Network file systems keep what they know of a folder for some seconds.
constexpr double kShownSeconds = 5;

// Every rank calls it. The first rank writes a file of a random name, every
// other rank looks it up and, if it `writes`, writes one itself, which the first rank looks up.
// shown_seconds: in which a file system shows a new file elsewhere; it takes twice so long at most.
// places: of the ranks.
// Error: kFailedPrecondition on the first rank, names field, folder, and every rank and host that
// sees another folder or cannot write; kAborted on the others; of other codes, the communicator's.
Status CheckSharedFolder(Communicator& all, FileSystem& files, const std::string& field,
                         const std::string& folder, bool writes, const std::vector<Place>& places,
                         double shown_seconds = kShownSeconds);

}  // namespace chorus::launch
