#pragma once
// Which cores this process may run on. mpirun binds ranks to cores by its own rules (Open MPI: one
// core each when there are two ranks or fewer), and a rank with several threads then shares one
// core without a word. Thread safety: any thread.

#include <cstdint>
#include <string>
#include <vector>

namespace chorus::launch {

std::vector<uint32_t> AllowedCores();  // ascending; empty when the kernel does not say

// "0-3,8"
std::string FormatCores(const std::vector<uint32_t>& cores);

// What to tell a user whose process wants `threads` threads on these cores of a machine with
// `machine_cores`; "" when nothing is wrong. A rank is too tightly bound when the launcher, not the
// machine, keeps it from having a core per thread.
std::string BindingWarning(const std::vector<uint32_t>& cores, uint32_t machine_cores,
                           uint32_t threads);

// Logs the cores of this rank, and the warning if there is one. REQUIRES: SetLogName was called.
void ReportBinding(uint32_t threads);

}  // namespace chorus::launch
