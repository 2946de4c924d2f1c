#pragma once
// `chorus doctor`: looks at the ranks, hosts, networks and folders that a job is to run on.
// Thread safety: one call per process.

#include <functional>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "launch/doctor/finding.h"

namespace chorus::launch {

// Gives the findings about the job alone, from its configuration; called on the first rank.
using JobJudge = std::function<std::vector<Finding>(const TrainConfig& config)>;

// Every rank of the job calls it; the first rank prints the findings as they are made. config:
// gives the job's configuration; called on the first rank alone. *wrong: set on the first rank to
// whether something is wrong. Error: that of `config`, on the first rank. If ranks do not answer,
// the job ends with the exit code for a lost rank.
Status ExamineJob(const std::function<Result<TrainConfig>()>& config, const JobJudge& judge,
                  bool* wrong);

}  // namespace chorus::launch
