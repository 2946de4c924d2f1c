#pragma once
// What a path of the command line stands for. Thread safety: none.

#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

// The files of `path`, as inputs.h says; a file stands for itself. Error: kNotFound.
Result<std::vector<std::string>> ExpandInputPath(FileSystem& files, const std::string& path);

}  // namespace chorus::worker
