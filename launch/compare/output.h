#pragma once
// The output directory of a comparison: runs/, and made from them compare.textproto, results.jsonl,
// table.md and report.html. Thread safety: one thread.

#include "common/file.h"
#include "common/status.h"
#include "launch/compare/plan.h"
#include "worker/thread_pool.h"

namespace chorus::launch {

// Error: the directory holds something, and resume is false or it is something else than runs.
Status CheckOutput(FileSystem& files, const std::string& output, bool resume);

// Tables and figures of the runs that are finished. Error: none is.
Status WriteOutput(FileSystem& files, const ComparePlan& plan, worker::ThreadPool* pool);

}  // namespace chorus::launch
