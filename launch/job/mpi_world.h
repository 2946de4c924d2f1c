#pragma once
// This process as a rank of a job. If mpirun or srun started it, it initialises MPI and learns its
// rank; otherwise it is rank 0 of 1, and MPI is never touched. MPI is used for identity, the
// exchange of short texts, barriers, the end of the job, and the workers' sums; only mpi_world.cc
// and worker/collective/collective_mpi.cc call it.
// Thread safety: one thread makes all calls of a communicator; Abort from any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"

namespace chorus::launch {

// A group of ranks.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual uint32_t rank() const = 0;
  virtual uint32_t size() const = 0;
  // Points to the MPI_Comm, for NewMpiCollective; null in a process without MPI.
  virtual void* handle() = 0;

  // Broadcast gives everybody root's text; AllGather gives everybody the texts of all, in order of
  // ranks. Error: kDeadlineExceeded, which names the ranks that did not come, by their numbers in
  // MpiWorld::all().
  virtual Result<std::string> Broadcast(const std::string& text, uint32_t root) = 0;
  virtual Result<std::vector<std::string>> AllGather(const std::string& mine) = 0;
  // Root alone gets everybody's texts, in order of ranks; the others get empty ones. Every rank calls
  // it. Errors: the same.
  virtual Result<std::vector<std::string>> Gather(const std::string& mine, uint32_t root) {
    (void)root;
    return AllGather(mine);
  }
  virtual Status Barrier() = 0;
  // A barrier without a deadline of its own, for ranks that serve others until these are done: it
  // ends when all have come, or with kDeadlineExceeded, which names those that have not, once
  // give_up() returns true. give_up is called from time to time.
  virtual Status BarrierUntil(const std::function<bool()>& give_up) = 0;
};

class MpiWorld {
 public:
  virtual ~MpiWorld() = default;  // finalises MPI, unless Fail was called

  // True when the environment says that mpirun or srun started this process as one of a job's
  // ranks.
  static bool Launched();
  // True when, besides, there are other ranks.
  static bool LaunchedAmongOthers();
  // To be called once per process. Every wait of its communicators ends after deadline_seconds;
  // calls of MPI that take no deadline, such as MPI_Init, then end the process (watchdog.h).
  static Result<std::unique_ptr<MpiWorld>> Create(double deadline_seconds);
  // Sets the deadline of waits from now on, here and in groups that are made from now on.
  virtual void SetDeadline(double deadline_seconds) = 0;

  virtual Communicator& all() = 0;
  virtual const std::string& node() const = 0;  // the name of this rank's machine
  // Takes the machines of all ranks; errors name them beside the ranks' numbers from now on.
  virtual void NameNodes(std::vector<std::string> nodes) = 0;

  // Ranks with equal colors form a group, in order of their ranks in all(). Every rank calls it;
  // nullptr for ranks whose color is kNoGroup. The world must outlive the groups.
  static constexpr int kNoGroup = -1;
  virtual Result<std::unique_ptr<Communicator>> Split(int color) = 0;

  // Ends every process of the job at once with this exit code (1..125). Any thread.
  [[noreturn]] virtual void Abort(int code) = 0;
  // After an error that the caller has reported: the destructor then ends the job instead of
  // waiting in MPI_Finalize for ranks that may never come.
  virtual void Fail() = 0;
};

}  // namespace chorus::launch
