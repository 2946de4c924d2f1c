#pragma once
// The output directory of a comparison: runs/, and compare.textproto, results.jsonl, table.md and
// report.html, which are made from the runs. These replace those of an earlier time and nothing
// else. Thread safety: one thread.

#include "common/file.h"
#include "common/status.h"
#include "launch/compare/run/plan.h"
#include "worker/math/thread_pool.h"

namespace chorus::launch {

// Error: kFailedPrecondition when the directory is not empty and `resume` is false, or it holds
// something other than a comparison's runs, or a file that the comparison is to write is there and
// is not its own.
Status CheckOutput(FileSystem& files, const std::string& output, bool resume);

// Writes tables and figures of the runs that are finished; all are made before the first is
// written. Errors: no run is finished; those of CheckOutput for the files that are to be written.
Status WriteOutput(FileSystem& files, const ComparePlan& plan, worker::ThreadPool* pool);

}  // namespace chorus::launch
