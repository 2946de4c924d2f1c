#pragma once
// Which hosts of a job answer: a launcher can start a program there.
// Thread safety: one thread.

#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "launch/run/host_list.h"

namespace chorus::launch {

// The launcher's words with hosts and ranks, before a command. hosts: none = where it likes.
std::vector<std::string> LauncherWords(const std::vector<std::string>& launcher,
                                       std::span<const Host> hosts, uint32_t ranks);

// Asks all at once, for at most half a minute, less when a stop signal comes. A host that does not
// answer is told in a warning, with what the launcher says. Error: the launcher cannot be started.
Result<std::vector<Host>> HostsThatAnswer(const std::vector<std::string>& launcher,
                                          std::span<const Host> hosts);

}  // namespace chorus::launch
