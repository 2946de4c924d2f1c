// A signal in the middle of training: what was trained is saved, the exit code says that --resume
// goes on, and the resumed run ends with the state of a run that nobody stopped.

#include <csignal>

#include "common/stop_signal.h"
#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

constexpr int kStoppedBySignal = 75;

struct Stop {
  const char* name;
  int signal;
  uint32_t ranks;  // 0: a plain process
};
void PrintTo(const Stop& stop, std::ostream* out) { *out << stop.name; }

// It would train for hours. No checkpoint but that of the signal is taken.
constexpr char kStoppedJob[] =
    "data { epochs: 10000 } step { pull_ahead: 2 } report { every_steps: 5 } objective { "
    "chorus_cvr "
    "{} }";

class StopSignalTest : public CommandTest, public testing::WithParamInterface<Stop> {};

TEST_P(StopSignalTest, SavesAndResumesElsewhereToTheSameBits) {
  const Stop& stop = GetParam();
  {
    ::signal(SIGHUP, SIG_DFL);  // the job inherits it; nohup would ignore it
    test::Process job = Start(stop.ranks, Command("train", Config("run", kStoppedJob)));
    ASSERT_TRUE(job.WaitForText("steps planned", kLimitSeconds)) << job.Errors();
    for (int tries = 0; tries < 100 && !files_.Exists(Path("run/metrics.jsonl")); ++tries) {
      usleep(50'000);
    }
    job.Kill(stop.signal);
    const std::optional<int> code = job.Wait(30);
    ASSERT_TRUE(code.has_value()) << "the job goes on\n" << job.Errors();
    EXPECT_EQ(*code, kStoppedBySignal) << job.Output() << job.Errors();
    EXPECT_NE(job.Output().find("--resume"), std::string::npos) << job.Output();
    EXPECT_NE(job.Output().find(stop.ranks > 0 ? "stopped by" : SignalName(stop.signal)),
              std::string::npos);
    EXPECT_NE(job.Output().find("CTR"), std::string::npos) << "no evaluation\n" << job.Output();
  }
  const auto saved = worker::ReadManifest(files_, NewestCheckpoint("run"));
  ASSERT_TRUE(saved.ok()) << saved.status().ToString();
  const std::string end = StrCat("data.max_steps=", saved->step() + 7);
  ExpectSuccess(
      Run(2, Command("train", Config("run", kStoppedJob),
                     {"--resume", "--set", end, "--set", "cluster.placement=COLOCATED"})));
  ExpectSuccess(Run(0, Command("train", Config("whole", kStoppedJob), {"--set", end})));
  const Outcome resumed = OutcomeOfRun("run"), whole = OutcomeOfRun("whole");
  EXPECT_TRUE(resumed.state == whole.state) << "resumed after step " << saved->step();
}

INSTANTIATE_TEST_SUITE_P(Jobs, StopSignalTest,
                         testing::Values(Stop{"TerminatedProcess", SIGTERM, 0},
                                         Stop{"ClosedTerminal", SIGHUP, 0},
                                         Stop{"RanksThatMpirunTells", SIGUSR1, 3}),
                         [](const auto& stop) { return std::string(stop.param.name); });

class SecondSignalTest : public CommandTest {};

TEST_F(SecondSignalTest, EndsTheProcessAtOnce) {
  test::Process job = Start(0, Command("train", Config("run", kStoppedJob)));
  ASSERT_TRUE(job.WaitForText("steps planned", kLimitSeconds)) << job.Errors();
  job.Kill(SIGTERM);
  job.Kill(SIGTERM);
  const std::optional<int> code = job.Wait(10);
  ASSERT_TRUE(code.has_value());
  EXPECT_TRUE(*code == 128 + SIGTERM || *code == kStoppedBySignal) << *code;
}

}  // namespace
}  // namespace chorus::e2e
