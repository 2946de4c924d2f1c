#pragma once
// What workers do together: sums along the canonical tree, gather, broadcast, all to all, barrier.
// A sum goes on while the caller computes. Waits yield the core, and none is for ever: each ends at
// a deadline with an error that names the ranks that are missing. After an error a collective is
// broken: each later call returns that error.
// Thread safety: one thread per rank (the trainer's), with the same order of calls on every rank;
// Abort from any thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/matrix_view.h"
#include "common/status.h"
#include "common/tree.h"
#include "worker/collective/sum_traffic.h"

namespace chorus::worker {

// One worker's part of a sum over the step's grains: row i of the matrices is the sum over
// nodes[i].
struct TreeTerms {
  std::vector<TreeNode> nodes;       // MaximalNodes of this worker's grains; may be empty
  MatrixView<const float> floats;    // [nodes, n]
  MatrixView<const double> doubles;  // [nodes, m]
};

class Collective {
 public:
  virtual ~Collective() = default;
  virtual uint32_t rank() const = 0;
  virtual uint32_t size() const = 0;

  // Begins to sum all workers' terms along the canonical tree over [0, grains); every worker gets
  // the same bits in floats_out [n] and doubles_out [m]. n and m are equal on all workers. The
  // caller leaves the memory untouched until Finish returns. One sum at a time. Grains that nobody
  // contributes are skipped; the sum of no terms at all is 0.
  virtual Status BeginTreeSum(const TreeTerms& terms, uint32_t grains, std::span<float> floats_out,
                              std::span<double> doubles_out) = 0;
  virtual Status FinishTreeSum() = 0;
  // For a caller that fails between Begin and Finish: the memory is its own again, and every later
  // call is an error. Does nothing if no sum has begun.
  virtual void GiveUpTreeSum() = 0;
  // What this rank has sent for tree sums so far.
  virtual SumTraffic sum_traffic() const = 0;

  // Rank `root` gets every rank's bytes, in the order of the ranks; the others get an empty vector.
  virtual Result<std::vector<std::string>> Gather(const std::string& mine, uint32_t root) = 0;
  // Everybody gets root's bytes.
  virtual Result<std::string> Broadcast(const std::string& bytes, uint32_t root) = 0;
  // Rank r gets to[r]; the result has what each rank gave to this one, in the order of the ranks.
  // Memory holds what is sent and what is received at once; after an error both stay until the
  // collective ends, because a message that has been posted may still be read. REQUIRES: to has an
  // element for every rank.
  virtual Result<std::vector<std::string>> AllToAll(std::vector<std::string> to) = 0;
  virtual Status Barrier() = 0;

  // Tells that this rank has failed: the others' waits, now and later, end with kAborted and the
  // reason instead of at their deadlines. It reaches ranks that are threads of this process; a
  // process that fails ends its job (launch/job/supervisor.h). Any thread may call it.
  virtual void Abort(const std::string& why) = 0;
};

// For one worker alone.
std::unique_ptr<Collective> NewSingleCollective();
// `size` workers that are threads of this process; element i belongs to rank i.
std::vector<std::unique_ptr<Collective>> NewLocalCollectives(uint32_t size,
                                                             double deadline_seconds);
// Over MPI (collective_mpi.cc). `communicator` points to an MPI_Comm that the caller keeps
// (launch/job/mpi_world.h); its ranks are the workers in order. MPI must outlive the collective.
std::unique_ptr<Collective> NewMpiCollective(void* communicator, double deadline_seconds);

}  // namespace chorus::worker
