#pragma once
// The secret of one job: whoever proves to know it may talk to the job's servers. It is never on a
// command line, in an environment or unencrypted in a message between ranks. Either rank 0 draws it
// and seals it for each rank by a secret that the two agree on over MPI: a listener learns nothing,
// but somebody who can change MPI's messages could stand between the two. Or it is drawn from a
// private file that all ranks have: then changing messages does not help either.
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

// The same token on every rank of the group, a new one at each call. Every rank calls it. key_file: cluster.key_file,
// "" = none. places: by rank, for errors. Errors: kFailedPrecondition on the first rank when a rank cannot read its key
// file, or other users may read it, or it has other bytes than the first rank's; kAborted on the other ranks.
Result<std::string> ShareJobToken(Communicator& group, const std::string& key_file,
                                  const std::vector<Place>& places);

// The exchange over MPI: the token's owner seals it for a public key, and the owner of that key unseals it. Error:
// kPermissionDenied when a key or the sealed token was altered.
Result<std::string> SealToken(const std::string& token, const KeyPair& own,
                              const std::string& public_key);
Result<std::string> UnsealToken(const std::string& sealed, const KeyPair& own,
                                const std::string& owners_public_key);

// The bytes of cluster.key_file. Errors: kFailedPrecondition when it is no regular file, or users
// outside the owner's group may read it, or the group may write to it, or it has fewer than 32
// bytes; kNotFound and other errors of the system.
Result<std::string> ReadKeyFile(const std::string& path);

}  // namespace chorus::launch
