#pragma once
// Runs jobs on all ranks: under mpirun or srun each rank has a role, otherwise this process is the
// only rank, with its servers embedded.
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

// Gives the job's configuration. It is called on the first rank alone; the others get its result
// and hear from time to time that it is still at work.
using ConfigSource = std::function<Result<TrainConfig>()>;

// Whether the job writes to its checkpoint.directory. Where it does, all ranks must find the same
// folder there (shared_folder.h), and that is tried before its first step.
enum class Saves { kNo, kYes };

// What a rank knows about itself once its job has ended well.
struct RankEnd {
  uint32_t rank = 0;
  int server = -1;           // its number among the servers; -1: none
  ServerNode::Use use = {};  // of the server
};
// Called on every rank once its part of a job has ended well. An error is the job's.
using AtEnd = std::function<Status(const RankEnd& end)>;

// Runs a job: `work` runs on every worker. Errors end the whole job (supervisor.h); in a single
// process they are returned. deadline_seconds: the deadline of every wait until the job's own
// deadline has come from the first rank.
Status RunJob(double deadline_seconds, Saves saves, const ConfigSource& config,
              const WorkerMain& work, const AtEnd& at_end = nullptr);

// One of several jobs that the same ranks do in turn.
struct Job {
  TrainConfig config;
  std::string label;  // what its progress lines begin with: WorkerEnvironment::label
  Saves saves = Saves::kYes;
  std::optional<uint64_t> claims_before = std::nullopt;  // WorkerEnvironment::claims_before
};
// Gives the next job, or nothing after the last one. It is called on the first rank alone, after
// all ranks have finished the job before. Where there are other ranks it runs on a thread of its
// own, and these hear from time to time that it is still at work.
using JobSource = std::function<Result<std::optional<Job>>()>;

// Runs jobs one after another, each with servers of its own. Returns true on the first rank, once
// the ranks have parted: nobody waits for what it does afterwards.
Result<bool> RunJobs(double deadline_seconds, const JobSource& next, const WorkerMain& work,
                     const AtEnd& at_end = nullptr);

}  // namespace chorus::launch
