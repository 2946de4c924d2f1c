#pragma once
// Addresses of objects in other systems: "s3://bucket/day.parquet". Thread safety: pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace chorus {

// Whether `path` begins with a scheme of two letters or more and "://": no path of this machine.
bool IsUri(std::string_view path);

// Without what stands between "://" and '@', where keys and passwords may be: for messages.
std::string ShownUri(std::string_view uri);

// Paths as a command line that is shown has them: addresses in quotes, without keys.
std::string ShownArguments(const std::vector<std::string>& paths);

// Error: `path` is a URI, where nothing is written; says what to do.
Status CheckIsWritable(std::string_view path);

// Error: `path` is a URI, where only what takes inputs of an import reads.
Status CheckIsLocal(std::string_view path);

}  // namespace chorus
