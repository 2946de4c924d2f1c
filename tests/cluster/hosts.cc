#include "tests/cluster/hosts.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/strings.h"

namespace chorus::cluster {
namespace {

Status Ip(const std::string& arguments) {
  std::vector<std::string> command = Split(arguments, ' ');
  command.insert(command.begin(), "ip");
  const test::Finished finished = test::RunProcess(command, 10);
  if (finished.code == 0) return Status::Ok();
  if (finished.code == 127) return FailedPrecondition("network namespaces need ip (iproute2)");
  return FailedPrecondition(StrCat("ip ", arguments, ": ", finished.errors));
}

// Runs its arguments on a host: HOST PROGRAM ARGUMENT... $0 knows the namespaces' prefix and what
// each host does first.
constexpr char kOnHost[] = R"(#!/bin/bash
exec ip netns exec "@PREFIX@$1" unshare --uts bash -c '
hostname "$1"
if [ -e "@FOLDER@/$1.first" ]; then . "@FOLDER@/$1.first"; fi
shift
exec "$@"' bash "$@"
)";
// The same as mpirun's agent in place of ssh, which hands over a line for a shell, and which does
// not learn that its host died.
constexpr char kAgent[] = R"(#!/bin/bash
host=$1
shift
"@FOLDER@/on_host" "$host" bash -c "$*"
code=$?
if [ "$code" -eq 137 ]; then
  # As long as mpirun, and no longer.
  for _ in $(seq 600); do
    kill -0 "$PPID" 2>/dev/null || exit "$code"
    sleep 1
  done
fi
exit "$code"
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace

Result<std::unique_ptr<Hosts>> Hosts::Make(const HostsPlan& plan, const std::string& folder) {
  std::unique_ptr<Hosts> hosts(new Hosts(plan, folder));
  RETURN_IF_ERROR(hosts->Build());
  return hosts;
}

Hosts::~Hosts() {
  for (uint32_t host = 1; host <= made_; ++host) EndProcesses(host);
  wires_.clear();
  for (uint32_t host = 1; host <= made_; ++host) {
    static_cast<void>(Ip("netns del " + NamespaceOf(host)).ok());
  }
}

std::string Hosts::NamespaceOf(uint32_t host) const {
  return StrCat("chorus-", getpid(), "-h", host);
}

Status Hosts::Build() {
  if (geteuid() != 0) return FailedPrecondition("network namespaces need root");
  const std::string prefix = StrCat("chorus-", getpid(), "-");
  for (const auto& [name, text] : {std::pair("on_host", kOnHost), std::pair("agent", kAgent)}) {
    const std::string path = JoinPath(folder_, name);
    RETURN_IF_ERROR(ReplaceFile(PosixFiles(), path,
                                Replaced(Replaced(text, "@PREFIX@", prefix), "@FOLDER@", folder_)));
    if (chmod(path.c_str(), 0755) != 0) return FailedPrecondition("chmod " + path);
  }
  for (uint32_t n = 0; n < plan_.networks; ++n) wires_.push_back(std::make_unique<Wire>(n + 1));
  for (uint32_t host = 1; host <= plan_.hosts; ++host) RETURN_IF_ERROR(AddHost(host));
  for (const auto& wire : wires_) wire->Start();
  return Status::Ok();
}

Status Hosts::AddHost(uint32_t host) {
  const std::string space = NamespaceOf(host);
  RETURN_IF_ERROR(Ip("netns add " + space));
  made_ = host;
  RETURN_IF_ERROR(Ip(StrCat("-n ", space, " link set lo up")));
  // Before the networks, as docker's may be: the first address is then the bridge's.
  if (plan_.docker) {
    RETURN_IF_ERROR(Ip(StrCat("-n ", space, " link add docker0 type bridge")));
    RETURN_IF_ERROR(Ip(StrCat("-n ", space, " link add c0 type veth peer name c1")));
    RETURN_IF_ERROR(Ip(StrCat("-n ", space, " link set c0 master docker0 up")));
    RETURN_IF_ERROR(Ip(StrCat("-n ", space, " link set c1 up")));
    RETURN_IF_ERROR(Ip(StrCat("-n ", space, " addr add 172.17.0.1/16 dev docker0")));
    RETURN_IF_ERROR(Ip(StrCat("-n ", space, " link set docker0 up")));
  }
  for (uint32_t n = 0; n < plan_.networks; ++n) {
    const std::string device = StrCat("eth", n);
    RETURN_IF_ERROR(wires_[n]->Plug("/run/netns/" + space, device));
    if (plan_.ipv4) {
      RETURN_IF_ERROR(
          Ip(StrCat("-n ", space, " addr add 10.77.", n, ".", host, "/24 dev ", device)));
    }
    if (plan_.ipv6) {
      RETURN_IF_ERROR(
          Ip(StrCat("-n ", space, " addr add fd77:", n, "::", host, "/64 dev ", device, " nodad")));
    }
    RETURN_IF_ERROR(Ip(StrCat("-n ", space, " link set ", device, " up")));
  }
  return Status::Ok();
}

std::vector<std::string> Hosts::Mpirun(const std::vector<std::pair<std::string, uint32_t>>& ranks,
                                       const std::vector<std::string>& command,
                                       const std::vector<std::string>& options) const {
  uint32_t count = 0;
  std::vector<std::string> hosts;
  for (const auto& [host, here] : ranks) {
    hosts.push_back(StrCat(host, ":", here));
    count += here;
  }
  std::vector<std::string> all = {JoinPath(folder_, "on_host"),
                                  "h1",
                                  "mpirun",
                                  "--bind-to",
                                  "none",
                                  "--mca",
                                  "plm_rsh_agent",
                                  JoinPath(folder_, "agent"),
                                  "--host",
                                  Join(hosts, ","),
                                  "-n",
                                  StrCat(count)};
  all.insert(all.end(), options.begin(), options.end());
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

test::Finished Hosts::Run(const std::vector<std::pair<std::string, uint32_t>>& ranks,
                          const std::vector<std::string>& command, double seconds) const {
  return test::RunProcess(Mpirun(ranks, command), seconds, test::MpirunEnvironment());
}

void Hosts::Cut(uint32_t host, bool cut) {
  for (const auto& wire : wires_) wire->Cut(host - 1, cut);
}

void Hosts::Kill(uint32_t host) {
  Cut(host, true);
  EndProcesses(host);
}

void Hosts::EndProcesses(uint32_t host) {
  // More than once: a process may begin another one while it is ended.
  constexpr int kTries = 5;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const test::Finished pids = test::RunProcess({"ip", "netns", "pids", NamespaceOf(host)}, 10);
    bool any = false;
    for (const std::string& pid : Split(pids.output, '\n')) {
      const auto number = ParseUint64(pid);
      any = any || number.has_value();
      if (number.has_value()) kill(static_cast<pid_t>(*number), SIGKILL);
    }
    if (!any) return;
  }
}

void Hosts::Hide(uint32_t host, const std::string& folder) {
  const std::string first = JoinPath(folder_, StrCat("h", host, ".first"));
  static_cast<void>(
      ReplaceFile(PosixFiles(), first, StrCat("mount -t tmpfs none '", folder, "'\n")).ok());
}

}  // namespace chorus::cluster
