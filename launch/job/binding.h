#pragma once
// Which cores this process may run on. mpirun binds ranks to cores by its own rules (Open MPI: one
// core each when there are two ranks or fewer), and a rank with several threads then shares one
// core without a word. Thread safety: any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"

namespace chorus::launch {

// "0-3,8"
std::string FormatCores(const std::vector<uint32_t>& cores);

// What to tell a user whose process wants `threads` threads on these cores of a machine with
// `machine_cores`; "" when nothing is wrong. A rank is too tightly bound when the launcher, not the
// machine, keeps it from having a core per thread.
std::string BindingWarning(const std::vector<uint32_t>& cores, uint32_t machine_cores,
                           uint32_t threads);

// What a rank computes with.
struct CoreShare {
  std::vector<uint32_t> cores;  // that it may run on
  uint32_t threads = 0;         // compute.threads; 0 = one for each of the cores
  uint32_t wanted() const {     // threads that it runs
    return threads > 0 ? threads : static_cast<uint32_t>(cores.size());
  }
};
// For the other ranks. Error: kInternal, this is none.
std::string TextOf(const CoreShare& share);
Result<CoreShare> CoreShareOf(const std::string& text);

// What to say of ranks of one machine: "" unless they run more threads than there are cores
// for all of them.
std::string SharedCoresWarning(const std::vector<CoreShare>& shares, const std::string& node);

// What to say of a rank that takes one thread because mpirun binds it, by a rule that its user did
// not ask for, to a core of a machine that has more than one for each of its ranks; "" if not so.
// ranks: of the job here.
std::string LoneCoreWarning(const CoreShare& share, uint32_t machine_cores, uint32_t ranks);

// Logs the cores of this rank, and a warning if there is one. REQUIRES: SetLogName was called.
void ReportBinding(const CoreShare& share);

}  // namespace chorus::launch
