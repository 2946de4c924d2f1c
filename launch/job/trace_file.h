#pragma once
// The timeline of a job as a file in Chrome's trace format (JSON), which chrome://tracing and
// ui.perfetto.dev show. Each rank is a process, each of its threads a track. Thread safety: pure
// functions, but for the file.

#include <string>
#include <vector>

#include "common/output_file.h"
#include "common/status.h"
#include "launch/job/clock_offsets.h"
#include "launch/job/trace_part.pb.h"

namespace chorus::launch {

// How every such file begins: a file that begins otherwise is never replaced.
inline constexpr char kTraceBegin[] = R"({"displayTimeUnit":"ms",)";

// parts, clocks: [rank]. Times are in microseconds since the first span, on rank 0's clock.
Status AppendTrace(const std::vector<TracePart>& parts, const std::vector<ClockOffset>& clocks,
                   OutputFile* out);

// A summary of the file: "5 steps of 3 ranks, 1,234 spans; clocks agree within 12 us".
std::string TraceSummary(const std::vector<TracePart>& parts,
                         const std::vector<ClockOffset>& clocks);

}  // namespace chorus::launch
