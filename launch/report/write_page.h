#pragma once
// Puts a page where its user wants it, and never in the place of something else.
// Thread safety: one writer a path.

#include <string>
#include <string_view>

#include "common/file.h"
#include "common/status.h"

namespace chorus::launch {

// Whether a file that begins like this is such a page.
bool IsPage(std::string_view text);

// page: of Page (html.h). An earlier page at `path` is replaced as a whole; a pipe or a device is
// written to. Error: kFailedPrecondition when another file is there.
Status WritePage(FileSystem& files, const std::string& path, std::string_view page);

}  // namespace chorus::launch
