#pragma once
// `chorus doctor`: looks at the ranks, hosts, networks and folders that a job is to run on.
// Thread safety: one call per process.

#include <functional>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "launch/doctor/finding.h"

namespace chorus::launch {

// Of the job alone, given its configuration; called on the first rank.
using JobJudge = std::function<std::vector<Finding>(const TrainConfig& config)>;

// Every rank of the job calls it. Prints the findings as they are made, on the first rank. config:
// gives the job's configuration, on the first rank alone. *wrong: whether something is wrong, on
// the first rank. Error: that of `config`, on the first rank. Where ranks do not answer, the job is
// ended with the exit code of that.
Status ExamineJob(const std::function<Result<TrainConfig>()>& config, const JobJudge& judge,
                  bool* wrong);

}  // namespace chorus::launch
