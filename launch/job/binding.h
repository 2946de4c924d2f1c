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

// The warning for a process that wants `threads` threads and may run on `cores` of a machine with
// `machine_cores`; "" when nothing is wrong. A rank is too tightly bound when the launcher, not the
// machine, keeps it from having a core per thread.
std::string BindingWarning(const std::vector<uint32_t>& cores, uint32_t machine_cores,
                           uint32_t threads);

// The cores and threads that a rank computes with.
struct CoreShare {
  std::vector<uint32_t> cores;  // those that it may run on
  uint32_t threads = 0;         // compute.threads; 0 = one per core of these
  uint32_t wanted() const {     // threads that it runs
    return threads > 0 ? threads : static_cast<uint32_t>(cores.size());
  }
};
// The share as a text for other ranks, and back. Error: kInternal when the text is no share.
std::string TextOf(const CoreShare& share);
Result<CoreShare> CoreShareOf(const std::string& text);

// The warning for the ranks of one machine, "" unless they run more threads than there are cores
// for all of them.
std::string SharedCoresWarning(const std::vector<CoreShare>& shares, const std::string& node);

// The warning for a rank that takes one thread because mpirun binds it to one core, by a rule that
// its user did not ask for, though the machine has more than one core per rank; "" if this is not
// so. ranks: how many of the job are on this machine.
std::string LoneCoreWarning(const CoreShare& share, uint32_t machine_cores, uint32_t ranks);

// Logs the cores of this rank, and a warning if there is one. REQUIRES: SetLogName was called.
void ReportBinding(const CoreShare& share);

}  // namespace chorus::launch
