#pragma once
// Says what is in a folder that a command cannot use: what it is, by the names of its files and the
// first bytes of logs, which command takes it, or where in it a log or a checkpoint is.
// Thread safety: a pure function of the file system.

#include <string>

#include "common/file.h"

namespace chorus::worker {

// "; it is an exported model (chorus export), which ...", to end an error with; "" when nothing
// known is there.
std::string WhatIsThere(FileSystem& files, const std::string& path);

}  // namespace chorus::worker
