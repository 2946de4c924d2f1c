#pragma once
// A folder in which whole files appear, as the input of an import that follows it: each file is one
// portion. Thread safety: one thread.

#include <memory>
#include <string>

#include "common/file.h"
#include "worker/import/follow_portions.h"

namespace chorus::worker {

// Names that begin with "." or end in .tmp, .part or .lock are passed over. Error: a file that is
// done has another size than when it was imported or, at the first look, begins otherwise. A file
// that is gone is forgotten.
std::unique_ptr<PortionSource> FollowFolder(FileSystem& files, const std::string& folder);

}  // namespace chorus::worker
