#pragma once
// The configuration of one run of a comparison: its method's job with its logs, its paths and the
// settings that fit its training log.
// Thread safety: reads files; called by one thread.

#include <map>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/compare/run/logs.h"
#include "launch/compare/run/plan.h"
#include "worker/steps/fit_settings.h"

namespace chorus::launch {

// The sizes of logs, each looked at once.
class LogSizes {
 public:
  explicit LogSizes(FileSystem& files) : files_(files) {}  // `files` outlives this

  FileSystem& files() const { return files_; }

  // Error: the log cannot be opened.
  const Result<worker::LogSize>& Of(const LogPaths& paths);

 private:
  FileSystem& files_;
  std::map<std::vector<std::string>, Result<worker::LogSize>> sizes_;
};

// Sets run->config, fitted by plan.rules, and the run's fields about the fit. method: the run's,
// with its settings. Error: that of an invalid job, which names source and method.
Status ConfigureRun(const ComparePlan& plan, const CompareMethod& method, LogSizes* sizes,
                    PlannedRun* run);

}  // namespace chorus::launch
