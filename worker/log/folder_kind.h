#pragma once
// What a folder holds that is not of the kind that a command wants, by the names of its files and
// the first bytes of logs: the command that takes it is told, and where what is wanted may be.
// Thread safety: a pure function of the file system.

#include <string>

#include "common/file.h"

namespace chorus::worker {

// "; it is an exported model (chorus export), which ...", to end an error with; "" when nothing
// known is there.
std::string WhatIsThere(FileSystem& files, const std::string& path);

}  // namespace chorus::worker
