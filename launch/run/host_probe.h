#pragma once
// Finds the hosts of a job that answer, which means that a launcher can start a program there.
// Thread safety: one thread.

#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "launch/run/host_list.h"

namespace chorus::launch {

// The launcher's words with hosts and ranks; a command follows them. hosts: none = the launcher
// chooses.
std::vector<std::string> LauncherWords(const std::vector<std::string>& launcher,
                                       std::span<const Host> hosts, uint32_t ranks);

// Asks all hosts at once and waits for at most half a minute, less when a stop signal comes. A
// warning names each host that does not answer, with the launcher's output. Error: the launcher
// cannot be started.
Result<std::vector<Host>> HostsThatAnswer(const std::vector<std::string>& launcher,
                                          std::span<const Host> hosts);

}  // namespace chorus::launch
