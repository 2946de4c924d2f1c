#pragma once
// The seam under every collective: messages between the ranks of a group. Posting a message returns
// at once; the Wait calls make progress, yield the core while nothing moves, and end at their
// deadline.
//
// Between two ranks messages arrive in the order of posting and carry no tag: both sides post in
// the same order, with the same sizes. Nobody touches posted memory until a Wait has completed it.
// After an error the group is of no more use to this rank, and the memory may be freed.
// Thread safety: one thread per rank; Abort from any thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/collective/collective.h"

namespace chorus::worker {

using Deadline = std::chrono::steady_clock::time_point;

class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual uint32_t rank() const = 0;
  virtual uint32_t size() const = 0;

  // REQUIRES: to, from != rank().
  virtual Status Send(uint32_t to, const void* data, size_t bytes) = 0;
  virtual Status Receive(uint32_t from, void* data, size_t bytes) = 0;
  // Waits until every receive posted so far is complete; sends may still be under way.
  virtual Status WaitReceives(Deadline deadline) = 0;
  // Waits until everything posted is complete. Errors of both: kDeadlineExceeded naming the ranks
  // that are missing, kAborted with the reason given to Abort.
  virtual Status WaitAll(Deadline deadline) = 0;

  // Gives up what is posted: the memory is the caller's again, and the group is of no more use to
  // this rank. (Over MPI the memory of sends may still be read: MPI cannot take a send back.)
  virtual void Withdraw() = 0;

  // Ends the group: waits under way and later ones return kAborted. Reaches the other ranks where
  // they are threads of this process; among processes the launcher ends the job.
  virtual void Abort(const std::string& why) = 0;
};

// For `size` ranks that are threads of this process; element i belongs to rank i.
std::vector<std::unique_ptr<Exchange>> NewLocalExchanges(uint32_t size);

// The collectives over any exchange.
std::unique_ptr<Collective> NewExchangeCollective(std::unique_ptr<Exchange> exchange,
                                                  double deadline_seconds);

// The error of a deadline: "worker 0 of 3 waited in vain for workers 1, 2". (The ranks of a
// collective are workers; under mpirun the processes have other numbers.) missing: [size], nonzero
// = missing. nodes: [size], the machines of the ranks ("worker 1 on node7"), or empty.
Status MissingRanks(uint32_t rank, const std::vector<char>& missing,
                    const std::vector<std::string>& nodes = {});

}  // namespace chorus::worker
