#include "launch/doctor/judge.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/strings.h"
#include "launch/job/shared_memory.h"

namespace chorus::launch {
namespace {

using Kind = Finding::Kind;

constexpr uint64_t kEnoughFiles = 4096;
constexpr uint64_t kEnoughProcesses = 1024;
// If less than this part of the machine's memory is free, something else uses it.
constexpr uint64_t kLeastAvailableShare = 4;
constexpr double kClockSeconds = 2;

struct Host {
  std::string node;
  std::vector<uint32_t> ranks;
  std::vector<HostFacts> facts;  // of these
  const HostFacts& first() const { return facts.front(); }
};

std::vector<Host> HostsOf(const std::vector<HostFacts>& facts) {
  std::map<std::pair<std::string, std::string>, size_t> places;
  std::vector<Host> hosts;
  for (uint32_t rank = 0; rank < facts.size(); ++rank) {
    const auto key = std::pair(facts[rank].node, facts[rank].network);
    const auto [place, is_new] = places.try_emplace(key, hosts.size());
    if (is_new) hosts.push_back({facts[rank].node, {}, {}});
    hosts[place->second].ranks.push_back(rank);
    hosts[place->second].facts.push_back(facts[rank]);
  }
  return hosts;
}

Finding JudgeRanks(const std::vector<Host>& hosts, size_t ranks) {
  std::vector<std::string> where;
  for (const Host& host : hosts) where.push_back(StrCat(host.node, " ", FormatCores(host.ranks)));
  return {Kind::kFine, "ranks",
          StrCat(ranks, " on ", hosts.size(),
                 hosts.size() == 1 ? " host: " : " hosts: ", Join(where, ", ")),
          ""};
}

// "node7, node8: A; node9: B" of a fact of each host.
template <typename FactOf>
std::string Grouped(const std::vector<Host>& hosts, FactOf fact_of, size_t* kinds) {
  std::map<std::string, std::set<std::string>> by_fact;
  for (const Host& host : hosts) {
    for (const HostFacts& facts : host.facts) by_fact[fact_of(facts)].insert(host.node);
  }
  *kinds = by_fact.size();
  if (by_fact.size() == 1) return by_fact.begin()->first;
  std::vector<std::string> texts;
  for (const auto& [fact, nodes] : by_fact) {
    texts.push_back(StrCat(Join({nodes.begin(), nodes.end()}, ", "), ": ", fact));
  }
  return Join(texts, "; ");
}

Finding JudgeBuilds(const std::vector<Host>& hosts) {
  size_t kinds = 0;
  const std::string builds = Grouped(
      hosts, [](const HostFacts& facts) { return facts.build.substr(0, 12); }, &kinds);
  if (kinds == 1) return {Kind::kFine, "build", builds, ""};
  return {Kind::kWrong, "build", builds,
          "install the same build on all hosts, or run it from a shared folder"};
}

Finding JudgeCpus(const std::vector<Host>& hosts) {
  size_t kinds = 0;
  const std::string models = Grouped(
      hosts, [](const HostFacts& facts) { return facts.cpu; }, &kinds);
  if (kinds == 1) return {Kind::kFine, "cpu", models, ""};
  return {Kind::kDoubt, "cpu", models,
          "bits are equal on one model; compute.isa=AVX2 brings unlike ones nearer"};
}

Finding JudgeCores(const Host& host) {
  std::vector<CoreShare> shares;
  std::set<std::vector<uint32_t>> bindings;
  std::vector<std::string> texts;
  for (const HostFacts& facts : host.facts) {
    shares.push_back(facts.share);
    if (bindings.insert(facts.share.cores).second) texts.push_back(FormatCores(facts.share.cores));
  }
  const auto machine = static_cast<uint32_t>(host.first().machine_cores);
  Finding finding{
      Kind::kFine, "cores",
      StrCat(host.node, ": ", host.ranks.size(), host.ranks.size() == 1 ? " rank" : " ranks",
             " on ", Join(texts, " | "), " of ", machine),
      ""};
  for (const CoreShare& share : shares) {
    if (finding.remedy.empty()) {
      finding.remedy = BindingWarning(share.cores, machine, share.wanted());
    }
    if (finding.remedy.empty()) {
      finding.remedy = LoneCoreWarning(share, machine, static_cast<uint32_t>(shares.size()));
    }
  }
  if (finding.remedy.empty()) finding.remedy = SharedCoresWarning(shares, host.node);
  if (!finding.remedy.empty()) finding.kind = Kind::kDoubt;
  return finding;
}

Finding JudgeMemory(const Host& host) {
  const HostFacts& facts = host.first();
  Finding finding{
      Kind::kFine, "memory",
      StrCat(host.node, ": ", facts.available_mb, " of ", facts.memory_mb, " MB free, huge pages ",
             facts.huge_pages.empty() ? "unknown" : facts.huge_pages, ", /dev/shm ",
             facts.shared_memory_mb, " MB"),
      ""};
  if (facts.available_mb < facts.memory_mb / kLeastAvailableShare) {
    finding.kind = Kind::kDoubt;
    finding.remedy =
        "other programs use most of it; cluster.server_memory_mb bounds a server's tables";
  } else if (facts.huge_pages == "never") {
    finding.kind = Kind::kDoubt;
    finding.remedy =
        "tables are faster with them: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled";
  }
  const std::string shared =
      SharedMemoryDoubt(facts.shared_memory_mb << 20, static_cast<uint32_t>(host.ranks.size()));
  // A doubt: Open MPI may be told to go without it, and another rank may have taken its part
  // before.
  if (!shared.empty()) {
    finding.kind = Kind::kDoubt;
    finding.remedy = shared;
  }
  return finding;
}

std::string LimitText(uint64_t limit) { return limit == UINT64_MAX ? "unlimited" : StrCat(limit); }

Finding JudgeLimits(const Host& host) {
  const HostFacts& facts = host.first();
  Finding finding{
      Kind::kFine, "limits",
      StrCat(host.node, ": open files ", LimitText(facts.open_files), ", processes ",
             LimitText(facts.processes), ", address space ", LimitText(facts.address_space)),
      ""};
  std::vector<std::string> remedies;
  if (facts.open_files < kEnoughFiles) {
    remedies.push_back(
        "raise the hard limit of ulimit -n (a log's files and a connection a rank need one each)");
  }
  if (facts.processes < kEnoughProcesses) remedies.push_back("raise ulimit -u (threads count)");
  if (facts.address_space != UINT64_MAX)
    remedies.push_back("ulimit -v unlimited: tables reserve addresses that they do not use");
  if (remedies.empty()) return finding;
  finding.kind = Kind::kDoubt;
  finding.remedy = Join(remedies, "; ");
  return finding;
}

Finding JudgeClocks(const std::vector<Host>& hosts) {
  const auto [least, most] =
      std::minmax_element(hosts.begin(), hosts.end(), [](const Host& a, const Host& b) {
        return a.first().clock_seconds < b.first().clock_seconds;
      });
  const double apart = most->first().clock_seconds - least->first().clock_seconds;
  if (apart < kClockSeconds)
    return {Kind::kFine, "clocks", StrCat("within ", kClockSeconds, " s of each other"), ""};
  return {Kind::kDoubt, "clocks",
          StrCat(most->node, " is ", static_cast<int64_t>(apart), " s ahead of ", least->node),
          "logs of hosts do not fit together; run an NTP daemon"};
}

Finding JudgeGpus(const std::vector<HostFacts>& facts, Gpus gpus) {
  std::map<std::string, std::vector<uint32_t>> by_text;
  size_t with = 0, asked = 0;
  for (uint32_t rank = 0; rank < facts.size(); ++rank) {
    if (facts[rank].gpu.empty()) continue;  // a server's rank
    ++asked;
    by_text[facts[rank].gpu].push_back(rank);
    with += facts[rank].has_gpu ? 1 : 0;
  }
  std::vector<std::string> texts;
  for (const auto& [text, ranks] : by_text) {
    texts.push_back(StrCat(ranks.size() == 1 ? "rank " : "ranks ", FormatCores(ranks), ": ", text));
  }
  Finding finding{Kind::kFine, "gpus", Join(texts, "; "), ""};
  if (with == asked) return finding;
  if (gpus == Gpus::kMust || with > 0) {
    finding.kind = gpus == Gpus::kMust ? Kind::kWrong : Kind::kDoubt;
    finding.remedy = "every worker needs a GPU of its own; compute.backend=CPU computes without";
  }
  return finding;
}

}  // namespace

std::vector<Finding> JudgeHosts(const std::vector<HostFacts>& facts, Gpus gpus) {
  const std::vector<Host> hosts = HostsOf(facts);
  std::vector<Finding> findings = {JudgeRanks(hosts, facts.size()), JudgeBuilds(hosts),
                                   JudgeCpus(hosts)};
  for (const Host& host : hosts) {
    findings.push_back(JudgeCores(host));
    findings.push_back(JudgeMemory(host));
    findings.push_back(JudgeLimits(host));
    if (!host.first().avoided.empty()) {
      findings.push_back({Kind::kFine, "network",
                          StrCat(host.node, ": Open MPI is kept from ", host.first().avoided,
                                 " (--mca btl_tcp_if_include chooses otherwise)"),
                          ""});
    }
  }
  if (hosts.size() > 1) findings.push_back(JudgeClocks(hosts));
  const bool any_asked = std::any_of(facts.begin(), facts.end(),
                                     [](const HostFacts& rank) { return !rank.gpu.empty(); });
  if (gpus != Gpus::kNone && any_asked) findings.push_back(JudgeGpus(facts, gpus));
  return findings;
}

}  // namespace chorus::launch
