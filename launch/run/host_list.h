#pragma once
// The hosts of a job and how many ranks each takes, as Open MPI writes them.
// Thread safety: pure functions, and one that reads a file.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"

namespace chorus::launch {

struct Host {
  std::string name;
  uint32_t ranks = 1;
};

// "node1:4,node2:4"; without a number, one rank. Errors: kInvalidArgument naming the entry.
Result<std::vector<Host>> ParseHosts(const std::string& text);

// A hostfile of Open MPI whose lines all say how many ranks: "node1 slots=4"; "#" begins a comment.
// Errors: those of the file, and kInvalidArgument naming file and line.
Result<std::vector<Host>> ReadHostFile(FileSystem& files, const std::string& path);

// The value of mpirun's --host: "node1:4,node2:4".
std::string HostOption(std::span<const Host> hosts);

uint32_t RanksOf(std::span<const Host> hosts);

}  // namespace chorus::launch
