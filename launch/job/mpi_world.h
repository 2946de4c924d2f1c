#pragma once
// This process as a rank of a job. Started by mpirun or srun, it initialises MPI and says who it is
// among the ranks; started plainly, it is rank 0 of 1 and MPI is never touched. MPI serves for
// identity, the exchange of short texts, barriers, the end of the job, and the workers' sums
// (worker/collective/collective_mpi.cc); it appears in these two files only.
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

  // Everybody gets root's text, or everybody's texts in order of ranks. Error: kDeadlineExceeded,
  // names the ranks that did not come, by their numbers among all.
  virtual Result<std::string> Broadcast(const std::string& text, uint32_t root) = 0;
  virtual Result<std::vector<std::string>> AllGather(const std::string& mine) = 0;
  // Root alone gets everybody's texts, in order of ranks; the others get empty ones. Every rank calls
  // it. Errors: the same.
  virtual Result<std::vector<std::string>> Gather(const std::string& mine, uint32_t root) {
    (void)root;
    return AllGather(mine);
  }
  virtual Status Barrier() = 0;
  // A barrier without a deadline of its own: ends when all have come, or with kDeadlineExceeded
  // (names who has not) once give_up() says so (asked now and then). For ranks that serve others
  // until these are done.
  virtual Status BarrierUntil(const std::function<bool()>& give_up) = 0;
};

class MpiWorld {
 public:
  virtual ~MpiWorld() = default;  // finalises MPI, unless Fail was called

  // True when the environment says that mpirun or srun started this process as one of a job's
  // ranks.
  static bool Launched();
  // The same, and there are other ranks.
  static bool LaunchedAmongOthers();
  // Once a process. Every wait of its communicators ends after deadline_seconds; calls of MPI that
  // take no deadline, MPI_Init to begin with, then end the process (watchdog.h).
  static Result<std::unique_ptr<MpiWorld>> Create(double deadline_seconds);
  // Of what is waited for from now on, here and in the groups that are made.
  virtual void SetDeadline(double deadline_seconds) = 0;

  virtual Communicator& all() = 0;
  virtual const std::string& node() const = 0;  // the name of this rank's machine
  // The machines of all ranks, which from now on stand beside their numbers in errors.
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
