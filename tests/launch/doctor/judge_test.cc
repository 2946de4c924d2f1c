#include "launch/doctor/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/doctor/pairs.h"

namespace chorus::launch {
namespace {

using testing::HasSubstr;
using Kind = Finding::Kind;

HostFacts Healthy(const std::string& node, std::vector<uint32_t> cores) {
  HostFacts facts;
  facts.node = node;
  facts.network = "network of " + node;
  facts.build = "0123456789abcdef";
  facts.cpu = "A CPU";
  facts.share = {std::move(cores), 0};
  facts.machine_cores = 4;
  facts.memory_mb = 64000;
  facts.available_mb = 60000;
  facts.huge_pages = "madvise";
  facts.open_files = facts.processes = 65536;
  facts.address_space = UINT64_MAX;
  facts.shared_memory_mb = 1000;
  facts.clock_seconds = 1e9;
  return facts;
}

std::vector<HostFacts> HealthyJob() {
  return {Healthy("node7", {0, 1}), Healthy("node7", {2, 3}), Healthy("node8", {0, 1, 2, 3})};
}

Finding Of(const std::vector<Finding>& findings, const std::string& topic,
           const std::string& text = "") {
  for (const Finding& finding : findings) {
    if (finding.topic == topic && finding.what.find(text) != std::string::npos) return finding;
  }
  ADD_FAILURE() << "nothing about " << topic << " " << text;
  return {};
}

TEST(Judge, OfAHealthyJobNothingIsDoubted) {
  for (const Finding& finding : JudgeHosts(HealthyJob(), Gpus::kNone)) {
    EXPECT_EQ(finding.kind, Kind::kFine) << FormatFinding(finding);
    EXPECT_EQ(finding.remedy, "");
  }
  EXPECT_THAT(Of(JudgeHosts(HealthyJob(), Gpus::kNone), "ranks").what,
              HasSubstr("3 on 2 hosts: node7 0-1, node8 2"));
}

TEST(Judge, FactsTravelAsText) {
  HostFacts facts = Healthy("node7", {0, 3});
  facts.gpu = "two\nlines";
  facts.has_gpu = true;
  facts.avoided = "lo,docker0";
  const auto back = HostFactsOf(TextOf(facts));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(TextOf(*back), TextOf(facts));
  EXPECT_EQ(back->gpu, "two lines");
  EXPECT_EQ(back->address_space, UINT64_MAX);
  EXPECT_FALSE(HostFactsOf("node7\nand no more").ok());
  EXPECT_FALSE(HostFactsOf("").ok());
}

TEST(Judge, EachTroubleHasItsHostAndItsRemedy) {
  const struct {
    const char* topic;
    void (*change)(HostFacts* facts);  // of rank 2 on node8
    Kind kind;
    const char* remedy;
  } troubles[] = {
      {"build", [](HostFacts* facts) { facts->build = "another"; }, Kind::kWrong, "same build"},
      {"cpu", [](HostFacts* facts) { facts->cpu = "B"; }, Kind::kDoubt, "compute.isa"},
      {"cores",
       [](HostFacts* facts) {
         facts->share = {{0}, 2};
       },
       Kind::kDoubt, "--bind-to none"},
      {"cores", [](HostFacts* facts) { facts->share.cores = {1}; }, Kind::kDoubt, "--bind-to none"},
      {"memory", [](HostFacts* facts) { facts->available_mb = 100; }, Kind::kDoubt,
       "server_memory_mb"},
      {"memory", [](HostFacts* facts) { facts->huge_pages = "never"; }, Kind::kDoubt, "madvise"},
      {"limits", [](HostFacts* facts) { facts->open_files = 1024; }, Kind::kDoubt, "ulimit -n"},
      {"limits", [](HostFacts* facts) { facts->processes = 100; }, Kind::kDoubt, "ulimit -u"},
      {"limits", [](HostFacts* facts) { facts->address_space = 1 << 30; }, Kind::kDoubt,
       "ulimit -v"},
      {"clocks", [](HostFacts* facts) { facts->clock_seconds += 60; }, Kind::kDoubt, "NTP"}};
  for (const auto& trouble : troubles) {
    std::vector<HostFacts> facts = HealthyJob();
    trouble.change(&facts[2]);
    const Finding finding = Of(JudgeHosts(facts, Gpus::kNone), trouble.topic, "node8");
    EXPECT_EQ(finding.kind, trouble.kind) << FormatFinding(finding);
    EXPECT_THAT(finding.remedy, HasSubstr(trouble.remedy));
  }
}

TEST(Judge, ANodeWhoseSharedMemoryIsTooSmallForItsRanksIsDoubted) {
  std::vector<HostFacts> facts = HealthyJob();
  facts[0].shared_memory_mb = 1;
  const Finding finding = Of(JudgeHosts(facts, Gpus::kNone), "memory", "node7");
  EXPECT_EQ(finding.kind, Kind::kDoubt);
  EXPECT_THAT(finding.remedy, HasSubstr("/dev/shm"));
}

TEST(Judge, AWorkerWithoutAGpuIsWrongWhereTheJobNeedsOne) {
  std::vector<HostFacts> facts = HealthyJob();
  facts[1].gpu = "A GPU";
  facts[1].has_gpu = true;
  facts[2].gpu = "none (no driver)";
  EXPECT_EQ(Of(JudgeHosts(facts, Gpus::kMust), "gpus").kind, Kind::kWrong);
  EXPECT_EQ(Of(JudgeHosts(facts, Gpus::kMay), "gpus").kind, Kind::kDoubt);
  EXPECT_THAT(Of(JudgeHosts(facts, Gpus::kMay), "gpus").what,
              HasSubstr("rank 2: none (no driver)"));
  facts[1].gpu = "none (no driver)";
  facts[1].has_gpu = false;
  EXPECT_EQ(Of(JudgeHosts(facts, Gpus::kMay), "gpus").kind, Kind::kFine);
}

TEST(Judge, OfRanksThatOnlyServeNoGpuIsSaid) {
  for (const Finding& finding : JudgeHosts(HealthyJob(), Gpus::kMust)) {
    EXPECT_NE(finding.topic, "gpus") << FormatFinding(finding);
  }
}

const std::vector<Place> kPlaces = {{"node7", "a"}, {"node8", "b"}, {"node9", "c"}};

TEST(JudgePairs, NamesThePairThatIsNotReached) {
  const auto findings = JudgePairs({{0, 1, 100, 1000, ""}, {1, 0, 0, 0, "no connection"}}, kPlaces);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(AnyWrong(findings));
  EXPECT_THAT(FormatFinding(findings[0]),
              HasSubstr("node8 to node7: no connection: let the job's hosts"));
}

TEST(JudgePairs, ARankThatCannotListenIsSaidOnceAHost) {
  const std::string trouble = "cluster.listen_address on node8: \"eth7\" is no address";
  const auto findings =
      JudgePairs({{1, 1, 0, 0, trouble}, {2, 2, 0, 0, trouble}, {0, 2, 100, 1000, ""}}, kPlaces);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(FormatFinding(findings[0]), "WRONG  network    " + trouble);
  EXPECT_EQ(findings[1].kind, Kind::kFine);
}

TEST(JudgePairs, DoubtsAFarAndAnUnequalNetwork) {
  EXPECT_EQ(JudgePairs({{0, 1, 100, 1000, ""}, {1, 0, 90, 900, ""}}, kPlaces)[0].kind, Kind::kFine);
  EXPECT_EQ(JudgePairs({{0, 1, 50000, 1000, ""}, {1, 0, 90, 900, ""}}, kPlaces)[0].kind,
            Kind::kDoubt);
  const auto slow =
      JudgePairs({{0, 1, 100, 1000, ""}, {1, 2, 90, 100, ""}, {2, 0, 90, 1000, ""}}, kPlaces);
  EXPECT_EQ(slow[0].kind, Kind::kDoubt);
  EXPECT_THAT(slow[0].what, HasSubstr("100 MB/s or more (node8 to node9)"));
}

}  // namespace
}  // namespace chorus::launch
