#pragma once
// How a process names itself to others, in lock files and in the folders that it claims.
// Thread safety: pure but for the clock.

#include <string>

namespace chorus {

// "process 4711 on node7 since 2026-03-01 12:00:03 UTC (chorus train --config job.textproto)": the
// time is that of the call.
std::string ProcessName();
// "2026-03-01 12:00:03 UTC"
std::string UtcNow();

}  // namespace chorus
