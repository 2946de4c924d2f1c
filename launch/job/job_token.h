#pragma once
// The secret of one job: who proves that he knows it may talk to the job's servers. It never stands
// on a command line, in an environment or in clear in what ranks send each other. Either rank 0
// draws it and seals it for each rank by a secret that the two agree on over MPI: who listens there
// learns nothing, and only who can change MPI's messages could stand between. Or it is drawn from a
// private file that all ranks have: then that helps nobody either.
// Thread safety: like the communicator's.

#include <string>
#include <vector>

#include "common/secrets.h"
#include "common/status.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"

namespace chorus::launch {

// 64 hexadecimal digits (32 random bytes), new at each call.
Result<std::string> NewJobToken();

// The same token on every rank of the group, another at each call. Every rank calls it.
// key_file: cluster.key_file, "" = none. places: by rank, for errors. Errors: kFailedPrecondition on
// the first rank, a rank cannot read its key file, others may, or its bytes are not the first rank's;
// kAborted on the others.
Result<std::string> ShareJobToken(Communicator& group, const std::string& key_file,
                                  const std::vector<Place>& places);

// Of the exchange over MPI. A token, sealed by its owner for each of these public keys, and unsealed
// by one of the keys' owners. Errors: kPermissionDenied, a key or the sealed token was altered.
Result<std::string> SealToken(const std::string& token, const KeyPair& own,
                              const std::string& public_key);
Result<std::string> UnsealToken(const std::string& sealed, const KeyPair& own,
                                const std::string& owners_public_key);

// The bytes of cluster.key_file. Errors: kFailedPrecondition, the file is no regular one, or others
// than its owner and his group may read it, or the group may write to it, or it has fewer than 32
// bytes; kNotFound and others of the system.
Result<std::string> ReadKeyFile(const std::string& path);

}  // namespace chorus::launch
