#pragma once
// Writes a page where its user wants it, and never over another file.
// Thread safety: one writer per path.

#include <string>
#include <string_view>

#include "common/file.h"
#include "common/status.h"

namespace chorus::launch {

// Whether a file that begins with this text is such a page.
bool IsPage(std::string_view text);

// page: made by Page (html.h). An earlier page at `path` is replaced as a whole; a pipe or a device
// is written in place. Error: kFailedPrecondition when another file is there.
Status WritePage(FileSystem& files, const std::string& path, std::string_view page);

}  // namespace chorus::launch
