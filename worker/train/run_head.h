#pragma once
// What a training run is, for whoever reads its reports later: RunHead (common/report.proto) beside
// metrics.jsonl. Thread safety: pure functions; one writer per run.

#include <string>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/json.h"
#include "common/report.pb.h"
#include "common/status.h"

namespace chorus::worker {

// "run/metrics.jsonl.run"
inline std::string RunHeadPath(const std::string& metrics) { return metrics + ".run"; }

// What a run left beside `metrics`; an empty head where there is none, or a damaged one.
inline RunHead ReadRunHead(FileSystem& files, const std::string& metrics) {
  const Result<std::string> text = ReadWholeFile(files, RunHeadPath(metrics));
  RunHead head;
  return text.ok() && FromJson(*text, &head).ok() ? head : RunHead();
}

// The head of a run that begins now. exposures, steps: 0 for a log that is followed, where neither
// is known.
RunHead MakeRunHead(const TrainConfig& config, const std::string& method, uint64_t exposures,
                    uint64_t steps);

// Writes it beside `metrics`, unless that is "", a pipe or a device. A run that resumes keeps the
// time at which it began. One that cannot be written is a warning: no run ends for it.
Status WriteRunHead(FileSystem& files, const std::string& metrics, bool resumes, RunHead head);

}  // namespace chorus::worker
