#pragma once
// What the address of objects stands for, as input_paths.h says for paths. Thread safety: none.

#include <string>
#include <vector>

#include "common/status.h"

namespace chorus::worker {

// The addresses of the objects of `uri`: its own, or those of all objects below it, by name, except
// where a name begins with '.' or '_'. "*" in its path stands for any text without '/'; '?' begins
// the query, which all addresses keep. All objects below the folder in front of the first "*" are
// listed. Errors: those of ListArrowObjects; kNotFound, nothing matches; kInvalidArgument, "*" is
// in the name of the bucket or the host.
Result<std::vector<std::string>> ExpandObjectUri(const std::string& uri);

}  // namespace chorus::worker
