// A rank is killed in the middle of training: the job ends at once, and --resume on another layout
// ends with the state and the reports of a run that nobody killed.

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

struct Victim {
  const char* name;
  uint32_t rank;
  uint32_t ranks;
  std::vector<std::string> layout;
};
void PrintTo(const Victim& victim, std::ostream* out) { *out << victim.name; }

class KilledRankTest : public CommandTest, public testing::WithParamInterface<Victim> {};

TEST_P(KilledRankTest, EndsTheJobAndResumesElsewhereToTheSameBits) {
  const Victim& victim = GetParam();
  // It would train for hours; the runs that end stop some steps behind what the killed one had
  // saved.
  constexpr char kJob[] =
      "data { epochs: 10000 } step { pull_ahead: 2 } checkpoint { every_steps: 10 keep: 1000 } "
      "report { every_steps: 5 } objective { chorus_cvr {} }";
  {
    test::Process job = Start(victim.ranks, Command("train", Config("run", kJob), victim.layout));
    ASSERT_TRUE(job.WaitForText("step-000000000010: step 10", kLimitSeconds)) << job.Errors();
    ASSERT_TRUE(job.KillRank(victim.rank, 10));
    const std::optional<int> code = job.Wait(30);
    ASSERT_TRUE(code.has_value()) << "the job hangs\n" << job.Errors();
    EXPECT_NE(*code, 0);
    EXPECT_NE(job.Errors().find(StrCat("rank ", victim.rank)), std::string::npos) << job.Errors();
  }
  const auto saved = worker::ReadManifest(files_, NewestCheckpoint("run"));
  ASSERT_TRUE(saved.ok()) << saved.status().ToString();
  const std::string end = StrCat("data.max_steps=", saved->step() + 7);
  ExpectSuccess(Run(2, Command("train", Config("run", kJob),
                               {"--resume", "--set", end, "--set", "cluster.placement=COLOCATED",
                                "--set", "cluster.shards=3"})));
  ExpectSuccess(Run(0, Command("train", Config("whole", kJob), {"--set", end})));
  const Outcome resumed = OutcomeOfRun("run"), whole = OutcomeOfRun("whole");
  EXPECT_TRUE(resumed.state == whole.state) << "resumed after step " << saved->step();
  EXPECT_EQ(resumed.reports, whole.reports) << "resumed after step " << saved->step();
}

INSTANTIATE_TEST_SUITE_P(
    Ranks, KilledRankTest,
    testing::Values(Victim{"Worker", 2, 3, {}},
                    Victim{"Server", 1, 4, {"--set", "cluster.servers=2"}},
                    Victim{"Both", 0, 2, {"--set", "cluster.placement=COLOCATED"}}),
    [](const auto& victim) { return std::string(victim.param.name); });

}  // namespace
}  // namespace chorus::e2e
