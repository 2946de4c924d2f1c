#pragma once
// A --resume that finds nothing to go on from: most often its folder is misspelt, or not mounted.
// Thread safety: pure functions of the file system.

#include <string>

#include "common/file.h"

namespace chorus::launch {

// "" when `directory` (checkpoint.directory) holds a complete checkpoint, or cannot be read;
// otherwise a text that says what is there instead, what the run does then, and which folders
// nearby hold a checkpoint.
// existed: whether `directory` was there before the job made it.
std::string DoubtOfResume(FileSystem& files, const std::string& directory, bool existed);

}  // namespace chorus::launch
