#pragma once
// Runs jobs on the ranks that there are: under mpirun or srun on all of them by role, otherwise in
// this process alone, with its servers embedded.
//   DEDICATED   ranks 0 .. servers-1 serve, the others work
//   COLOCATED   every rank serves and works
// Thread safety: one of these calls per process, from main's thread.

#include <functional>
#include <optional>
#include <string>

#include "common/status.h"
#include "launch/job/local_cluster.h"
#include "launch/job/server_node.h"

namespace chorus::launch {

// Gives the job's configuration; called on the first rank alone, the others get its result.
// The others are told every so often that it goes on.
using ConfigSource = std::function<Result<TrainConfig>()>;

// Whether the job writes to its checkpoint.directory. Where it does, all ranks must find the same
// folder there (shared_folder.h), and that is tried before its first step.
enum class Saves { kNo, kYes };

// A rank of a job that has ended well, as it knows itself.
struct RankEnd {
  uint32_t rank = 0;
  int server = -1;           // its number among the servers; -1: none
  ServerNode::Use use = {};  // of the server
};
// Called on every rank once its part of a job has ended well. An error is the job's.
using AtEnd = std::function<Status(const RankEnd& end)>;

// `work` runs on every worker. Errors end the whole job (supervisor.h); in a single process they
// are returned. deadline_seconds: of every wait until the job's own is known, from the first rank.
Status RunJob(double deadline_seconds, Saves saves, const ConfigSource& config,
              const WorkerMain& work, const AtEnd& at_end = nullptr);

// One of several jobs that the same ranks do in turn.
struct Job {
  TrainConfig config;
  std::string label;  // what its progress lines begin with: WorkerEnvironment::label
  Saves saves = Saves::kYes;
  std::optional<uint64_t> claims_before = std::nullopt;  // WorkerEnvironment::claims_before
};
// Gives the next job, nothing after the last one; called on the first rank alone, after all ranks
// have finished the job before, on a thread of its own where there are others: these are told every
// so often that it goes on.
using JobSource = std::function<Result<std::optional<Job>>()>;

// Jobs one after another, each with servers of its own. Returns true on the first rank, once the
// ranks have parted: what it does then keeps nobody waiting.
Result<bool> RunJobs(double deadline_seconds, const JobSource& next, const WorkerMain& work,
                     const AtEnd& at_end = nullptr);

}  // namespace chorus::launch
