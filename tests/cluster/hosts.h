#pragma once
// Hosts on this one machine: network namespaces, each with a name of its own, networks between them
// (wire.h), and mpirun over them as over real ones. They share the file system, unless a host hides
// a folder. Thread safety: the test's thread.

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/status.h"
#include "tests/cluster/wire.h"
#include "tests/support/process.h"

namespace chorus::cluster {

struct HostsPlan {
  uint32_t hosts = 2;
  uint32_t networks = 1;  // eth0, eth1, ...: host i has 10.77.N.i and fd77:N::i
  bool ipv4 = true;
  bool ipv6 = false;
  bool docker = false;  // each host has the bridge that docker makes, with the same address
};

class Hosts {
 public:
  // Hosts h1, h2, ...; their names do not resolve. folder: for scripts. Error: kFailedPrecondition,
  // the machine or its rights do not allow them; nothing is left of them then. MAKE_HOSTS_OR_SKIP
  // (hosts_testing.h) skips its test with this reason.
  static Result<std::unique_ptr<Hosts>> Make(const HostsPlan& plan, const std::string& folder);
  ~Hosts();
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  // mpirun on h1 over these hosts, ranks in their order: {{"h1", 1}, {"h2", 2}}.
  std::vector<std::string> Mpirun(const std::vector<std::pair<std::string, uint32_t>>& ranks,
                                  const std::vector<std::string>& command,
                                  const std::vector<std::string>& options = {}) const;
  test::Finished Run(const std::vector<std::pair<std::string, uint32_t>>& ranks,
                     const std::vector<std::string>& command, double seconds) const;

  Wire& network(uint32_t number) { return *wires_[number]; }
  // Nothing comes from host number `host` (from 1) or goes there any more, on all networks.
  void Cut(uint32_t host, bool cut);
  // The host dies without a word: it is cut, and its processes vanish.
  void Kill(uint32_t host);
  // Processes that a host starts from now on find an empty file system at this folder.
  void Hide(uint32_t host, const std::string& folder);

 private:
  Hosts(const HostsPlan& plan, std::string folder) : plan_(plan), folder_(std::move(folder)) {}
  std::string NamespaceOf(uint32_t host) const;
  Status Build();
  Status AddHost(uint32_t host);
  void EndProcesses(uint32_t host);

  const HostsPlan plan_;
  const std::string folder_;
  uint32_t made_ = 0;  // hosts that have their namespace
  std::vector<std::unique_ptr<Wire>> wires_;
};

}  // namespace chorus::cluster
