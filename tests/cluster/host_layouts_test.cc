// Who computes where does not show in the result: over two to four hosts, with servers and workers
// apart or together, any threads and any protection, a job computes the bits of one process. Any
// two levels of two factors meet in some job.

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/cluster/hosts_testing.h"
#include "tests/e2e/pairwise.h"

namespace chorus::cluster {
namespace {

using HostLayoutsTest = HostsTest;

// Number of levels of each factor.
constexpr uint32_t kHostCounts = 3;   // 2, 3, 4
constexpr uint32_t kExtraRanks = 2;   // 0, 1 on the last host
constexpr uint32_t kPlacements = 3;   // one server, two (where a worker is left), colocated
constexpr uint32_t kAheads = 3;       // pull_ahead 0, 1, 2
constexpr uint32_t kThreads = 2;      // 1, 2 of a worker
constexpr uint32_t kProtections = 2;  // encrypted, authenticated
constexpr uint32_t kShardCounts = 2;  // 1, 7

struct HostJob {
  std::vector<std::pair<std::string, uint32_t>> ranks;
  uint32_t pull_ahead = 0;
  std::vector<std::string> sets;
};

HostJob JobOf(const e2e::Case& levels) {
  HostJob job;
  const uint32_t hosts = 2 + levels[0];
  for (uint32_t host = 1; host <= hosts; ++host) {
    job.ranks.emplace_back(StrCat("h", host), host == hosts ? 1 + levels[1] : 1);
  }
  const uint32_t ranks = hosts + levels[1];
  const auto set = [&](const std::string& setting) {
    job.sets.insert(job.sets.end(), {"--set", setting});
  };
  if (levels[2] == 2) {
    set("cluster.placement=COLOCATED");
  } else {
    set(StrCat("cluster.servers=", std::min(1 + levels[2], ranks - 1)));
  }
  job.pull_ahead = levels[3];
  set(StrCat("compute.threads=", 1 + levels[4]));
  set(levels[5] == 0 ? "cluster.protection=ENCRYPTED" : "cluster.protection=AUTHENTICATED");
  set(levels[6] == 0 ? "cluster.shards=1" : "cluster.shards=7");
  return job;
}

std::string ConfigOf(uint32_t pull_ahead) {
  return StrCat("objective { chorus_cvr {} } step { pull_ahead: ", pull_ahead,
                " } checkpoint { every_steps: 3 }");
}

TEST_F(HostLayoutsTest, AnyPlacementThreadsAndProtectionTrainTheBitsOfOneProcess) {
  MAKE_HOSTS_OR_SKIP({.hosts = 4});
  std::map<uint32_t, e2e::Outcome> one;  // by pull_ahead
  for (uint32_t ahead = 0; ahead < kAheads; ++ahead) {
    const std::string run = StrCat("one-", ahead);
    ExpectSuccess(Run(0, Command("train", Config(run, ConfigOf(ahead)))));
    one[ahead] = OutcomeOfRun(run);
    EXPECT_GT(one[ahead].state.size(), 1000u);
  }
  const std::vector<e2e::Case> cases = e2e::PairwiseCases(
      {kHostCounts, kExtraRanks, kPlacements, kAheads, kThreads, kProtections, kShardCounts});
  for (size_t i = 0; i < cases.size(); ++i) {
    const HostJob job = JobOf(cases[i]);
    SCOPED_TRACE(
        StrCat(job.ranks.size(), " hosts, pull_ahead ", job.pull_ahead, " ", Join(job.sets, " ")));
    const std::string run = StrCat("run-", i);
    ExpectSuccess(Train(run, job.ranks, job.sets, ConfigOf(job.pull_ahead)));
    ExpectSame(run, one[job.pull_ahead]);
  }
}

}  // namespace
}  // namespace chorus::cluster
