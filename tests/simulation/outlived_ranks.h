#pragma once
// What ranks that outlive their job do to files that are not their job's alone, once the next job
// has claimed the folder of checkpoints. A thread may have looked for a newer claim just before it
// was made, and then make one change: it stood still between the two. Any other is a violation.
// Thread safety: threads of the simulation, of which one runs at a time.

#include <pthread.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "tests/simulation/world.h"

namespace chorus::simulation {

class OutlivedRanks {
 public:
  explicit OutlivedRanks(World* world) : world_(*world) {}

  // A run begins; ranks below first_rank are of earlier runs. 0: it is the first run, or a run has
  // ended.
  void Begin(uint32_t first_rank);
  bool calling() const { return world_.scheduler().rank() < first_rank_; }

  void Look();   // the calling thread lists a folder
  void Claim();  // the calling rank has claimed the folder of checkpoints
  void Change(const std::string& what, const std::string& path);  // the calling rank changes a file
  // The calling rank appends to a file that `writer` has created, or written last.
  void Append(const std::string& path, uint32_t writer);

  const std::string& violation() const { return violation_; }  // the first; "": there is none
  uint32_t late_changes() const { return late_changes_; }      // changes that are no violation
  // Whether such a rank claimed the folder in the run that was last, before the run itself.
  bool claimed_first() const { return claimed_first_; }

 private:
  using Thread = std::pair<uint32_t, pthread_t>;
  Thread Caller() const { return {world_.scheduler().rank(), pthread_self()}; }

  World& world_;
  uint32_t first_rank_ = 0;
  bool claimed_ = false;  // by the run
  bool claimed_first_ = false;
  std::set<Thread> looked_;   // since the claim
  std::set<Thread> changed_;  // threads that had not looked
  std::string violation_;
  uint32_t late_changes_ = 0;
};

}  // namespace chorus::simulation
