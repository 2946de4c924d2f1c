#pragma once
// A --resume that finds nothing to go on from: most often its folder is misspelt, or not mounted.
// Thread safety: pure functions of the file system.

#include <string>

#include "common/file.h"

namespace chorus::launch {

// "" where `directory` (checkpoint.directory) holds a complete checkpoint, or cannot be looked at;
// else what is there in its place, what the run does then, and folders nearby that hold one.
// existed: whether `directory` was there before the job made it.
std::string DoubtOfResume(FileSystem& files, const std::string& directory, bool existed);

}  // namespace chorus::launch
