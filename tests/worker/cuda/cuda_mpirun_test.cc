// The program with the CUDA backend as a user runs it: a library that it opens, a device for each
// rank of a node, and what it says where there is none. CHORUS_TEST_CUDA_LIBRARY: see
// tested_device.h.

#include <csignal>
#include <cstdlib>

#include "common/strings.h"
#include "tests/e2e/command_testing.h"
#include "tests/worker/cuda/tested_device.h"

namespace chorus::e2e {
namespace {

constexpr char kJob[] =
    "objective { chorus_cvr {} } step { pull_ahead: 1 } checkpoint { every_steps: 3 } "
    "compute { cuda { step_memory_mb: 4 } }";

class CudaMpirunTest : public CommandTest {
 protected:
  static std::vector<std::string> On(const std::string& backend, const std::string& library,
                                     std::vector<std::string> more = {}) {
    std::vector<std::string> sets = {"--set", "compute.backend=" + backend, "--set",
                                     "compute.cuda.library=" + library};
    sets.insert(sets.end(), more.begin(), more.end());
    return sets;
  }
  // How often a text is in another.
  static size_t Count(const std::string& text, const std::string& part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      ++count;
    }
    return count;
  }
  // From now on the first `number` devices are seen, of those that this process saw at first.
  static void SetDevices(uint32_t number) {
    const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
    static const std::vector<std::string> all =
        Split(visible == nullptr ? "0,1,2,3,4,5,6,7" : visible, ',');
    std::string seen;
    for (uint32_t d = 0; d < number && d < all.size(); ++d)
      seen += StrCat(d == 0 ? "" : ",", all[d]);
    setenv("CHORUS_CUDA_HOST_DEVICES", StrCat(number).c_str(), 1);
    setenv("CUDA_VISIBLE_DEVICES", seen.c_str(), 1);
  }
};

std::string Library() {
  return worker::testing::OnRealDevices() ? worker::testing::TestedLibrary() : CHORUS_CUDA_LIBRARY;
}

const std::vector<std::string> kTwoRanks = {"--set", "cluster.placement=COLOCATED"};

TEST_F(CudaMpirunTest, RanksWithADeviceEachGiveTheBitsOfOne) {
  if (worker::testing::TestedDevices() < 2) GTEST_SKIP() << "needs two devices";
  SetDevices(2);
  const test::Finished one = Run(0, Command("train", Config("one", kJob), On("CUDA", Library())));
  ExpectSuccess(one);
  EXPECT_EQ(Count(one.errors, "computing on CUDA device 0: "), 1u) << one.errors;
  const test::Finished two =
      Run(2, Command("train", Config("two", kJob), On("AUTO", Library(), kTwoRanks)));
  ExpectSuccess(two);
  EXPECT_EQ(Count(two.errors, "computing on CUDA device 0: "), 1u) << two.errors;
  EXPECT_EQ(Count(two.errors, "computing on CUDA device 1: "), 1u) << two.errors;
  const Outcome outcome = OutcomeOfRun("one"), same = OutcomeOfRun("two");
  EXPECT_TRUE(outcome.state == same.state);
  EXPECT_EQ(outcome.reports, same.reports);

  const std::vector<std::string> config = Config("one", kJob);
  const test::Finished alone = Run(0, Command("predict", config, On("CUDA", Library())));
  const test::Finished both = Run(2, Command("predict", config, On("CUDA", Library(), kTwoRanks)));
  ExpectSuccess(alone);
  EXPECT_EQ(Split(alone.output, '\n').size(), 1u + 130u + 1u);
  EXPECT_EQ(both.output, alone.output);
}

TEST_F(CudaMpirunTest, RanksSumAmongTheirDevicesToTheBitsOfOne) {
  NEEDS_NCCL();
  if (worker::testing::TestedDevices() < 4) GTEST_SKIP() << "needs four devices";
  SetDevices(4);
  ExpectSuccess(Run(0, Command("train", Config("one", kJob), On("CUDA", Library()))));
  std::vector<std::string> nccl = kTwoRanks;
  nccl.insert(nccl.end(), {"--set", "compute.cuda.collective=NCCL"});
  for (const uint32_t ranks : {2u, 4u}) {
    const std::string run = StrCat("of", ranks);
    const test::Finished finished =
        Run(ranks, Command("train", Config(run, kJob), On("CUDA", Library(), nccl)));
    ExpectSuccess(finished);
    EXPECT_EQ(Count(finished.errors, "summing gradients on the hosts"), 0u);
    EXPECT_TRUE(OutcomeOfRun(run).state == OutcomeOfRun("one").state) << ranks;
  }
}

TEST_F(CudaMpirunTest, WithoutNcclRanksSumOnTheirHostsOrSayWhoLacksIt) {
  NEEDS_EMULATION();
  SetDevices(2);
  setenv("CHORUS_CUDA_HOST_NO_NCCL", "1", 1);
  const test::Finished automatic =
      Run(2, Command("train", Config("auto", kJob), On("CUDA", Library(), kTwoRanks)));
  std::vector<std::string> nccl = kTwoRanks;
  nccl.insert(nccl.end(), {"--set", "compute.cuda.collective=NCCL"});
  const test::Finished refused =
      Run(2, Command("train", Config("run", kJob), On("CUDA", Library(), nccl)));
  unsetenv("CHORUS_CUDA_HOST_NO_NCCL");
  ExpectSuccess(automatic);
  EXPECT_EQ(Count(automatic.errors, "summing gradients on the hosts: worker 0 on "), 1u)
      << automatic.errors;
  ExpectFailure(refused, "compute.cuda.collective is NCCL: worker 0 on ");
}

// A worker that stands still, or is killed, in the middle of sums among devices.
TEST_F(CudaMpirunTest, ALostRankEndsTheOthersInTime) {
  NEEDS_NCCL();
  if (worker::testing::TestedDevices() < 2) GTEST_SKIP() << "needs two devices";
  SetDevices(2);
  setenv("CHORUS_CUDA_HOST_ASYNC", "1", 1);
  const std::vector<std::string> nccl = {"--set", "compute.cuda.collective=NCCL", "--set",
                                         "cluster.deadline_seconds=4"};
  const std::string job = StrCat(kJob, " data { epochs: 10000 } checkpoint { keep: 1000 }");
  for (const int signal : {SIGSTOP, SIGKILL}) {
    const std::string run = signal == SIGSTOP ? "stopped" : "killed";
    test::Process process =
        Start(3, Command("train", Config(run, job), On("CUDA", Library(), nccl)));
    ASSERT_TRUE(process.WaitForText("step-000000000003: step 3", kLimitSeconds))
        << process.Errors();
    ASSERT_TRUE(process.KillRank(2, 10, signal));
    const std::optional<int> code = process.Wait(40);
    ASSERT_TRUE(code.has_value()) << "the job hangs\n" << process.Errors();
    EXPECT_NE(*code, 0);
    EXPECT_GT(Count(process.Errors(), "rank ") + Count(process.Errors(), "worker 1"), 0u)
        << process.Errors();
  }
  unsetenv("CHORUS_CUDA_HOST_ASYNC");
}

// A kernel that never ends, of a job of one worker, which nobody else waits for, and of one of two.
TEST_F(CudaMpirunTest, ADeviceThatHangsIsNamedByItsRankAndEndsTheJob) {
  NEEDS_EMULATION();
  SetDevices(2);
  setenv("CHORUS_CUDA_HOST_ASYNC", "1", 1);
  std::vector<std::string> sets = {"--set", "cluster.deadline_seconds=6"};
  const std::string says =
      "this device itself has not finished what it computes within 3 s: it hangs";
  const auto run = [&](uint32_t ranks, const char* hang, const std::string& name) {
    setenv("CHORUS_CUDA_HOST_HANG", hang, 1);
    test::Finished finished =
        Run(ranks, Command("train", Config(name, kJob), On("CUDA", Library(), sets)));
    unsetenv("CHORUS_CUDA_HOST_HANG");
    ExpectFailure(finished, says);
    EXPECT_EQ(Count(finished.errors, says), 1u) << finished.errors;
    return finished;
  };
  const test::Finished alone = run(0, "0:200", "alone");
  EXPECT_EQ(Count(alone.errors, "rank 0, device 0: cudaStreamQuery: "), 1u) << alone.errors;
  sets.insert(sets.end(), kTwoRanks.begin(), kTwoRanks.end());
  for (const std::string collective : {"HOST", "NCCL"}) {
    sets.insert(sets.end(), {"--set", "compute.cuda.collective=" + collective});
    const test::Finished both = run(2, "1:200", collective);
    EXPECT_EQ(Count(both.errors, "rank 1, device 1: "), 1u) << both.errors;
  }
  unsetenv("CHORUS_CUDA_HOST_ASYNC");
}

TEST_F(CudaMpirunTest, TwoRanksOnOneDeviceAreRefusedUnlessTold) {
  SetDevices(1);
  ExpectFailure(Run(2, Command("train", Config("run", kJob), On("CUDA", Library(), kTwoRanks))),
                "workers 0 and 1 have the same device");
  std::vector<std::string> told = kTwoRanks;
  told.insert(told.end(), {"--set", "compute.cuda.share_devices=true"});
  const test::Finished shared =
      Run(2, Command("train", Config("shared", kJob), On("CUDA", Library(), told)));
  ExpectSuccess(shared);
  EXPECT_EQ(Count(shared.errors, "on the hosts: NCCL needs a device for each worker"), 1u)
      << shared.errors;
  if (worker::testing::TestedDevices() < 2) return;
  SetDevices(2);  // what may be shared need not be
  const test::Finished own =
      Run(2, Command("train", Config("own", kJob), On("CUDA", Library(), told)));
  ExpectSuccess(own);
  EXPECT_EQ(Count(own.errors, "summing gradients among the devices, by NCCL"), 1u) << own.errors;
  EXPECT_TRUE(OutcomeOfRun("own").state == OutcomeOfRun("shared").state);
}

TEST_F(CudaMpirunTest, ARunThatGoesOnOnTheOtherKindIsToldOfOtherRounding) {
  SetDevices(1);
  const std::string job = StrCat(kJob, " data { max_steps: 3 }");
  ExpectSuccess(Run(0, Command("train", Config("run", job), On("CPU", Library()))));
  const test::Finished resumed =
      Run(0, Command("train", Config("run", kJob), On("CUDA", Library(), {"--resume"})));
  ExpectSuccess(resumed);
  EXPECT_EQ(Count(resumed.errors, "was computed on CPU, this run computes on CUDA on "), 1u)
      << resumed.errors;
  EXPECT_EQ(Count(resumed.errors, "products in FP32: the same mathematics, rounded otherwise"), 1u)
      << resumed.errors;
}

TEST_F(CudaMpirunTest, ACheckpointDoesNotSayWhichLibraryIsOpened) {
  SetDevices(1);
  const std::vector<std::string> precise = {"--set", "compute.precision=TF32",
                                            "--set", "compute.threads=1",
                                            "--set", "cluster.listen_address=127.0.0.1"};
  ExpectSuccess(Run(0, Command("train", Config("run", kJob), On("CUDA", Library(), precise))));
  const test::Finished printed =
      Run(0, Command("evaluate",
                     {"--checkpoint", Path("run/ckpt"), "--log", Path("test"), "--print-config"}));
  ExpectSuccess(printed);
  EXPECT_EQ(Count(printed.output, Library()), 0u) << printed.output;
  EXPECT_EQ(Count(printed.output, "127.0.0.1"), 0u) << printed.output;
  EXPECT_EQ(Count(printed.output, "backend: AUTO"), 1u) << printed.output;
  EXPECT_EQ(Count(printed.output, "precision: TF32"), 1u) << printed.output;
  EXPECT_EQ(Count(printed.output, "\n  threads: 0"), 1u) << printed.output;
}

TEST_F(CudaMpirunTest, WithoutADeviceCudaSaysWhatIsThere) {
  SetDevices(0);
  for (const uint32_t ranks : {0u, 2u}) {
    ExpectFailure(
        Run(ranks, Command("train", Config("run", kJob), On("CUDA", Library(), kTwoRanks))),
        "0 devices");
  }
}

TEST_F(CudaMpirunTest, WithoutALibraryCudaIsAnErrorAndAutoTheCpuInOneLine) {
  ExpectFailure(Run(0, Command("train", Config("run", kJob), On("CUDA", "libnone.so"))),
                "libnone.so");
  ExpectFailure(Run(0, Command("train", Config("run", kJob), On("CUDA", Path("train")))),
                "there is no CUDA backend");
  const test::Finished automatic =
      Run(2, Command("train", Config("auto", kJob), On("AUTO", "libnone.so", kTwoRanks)));
  ExpectSuccess(automatic);
  EXPECT_EQ(Count(automatic.errors, "computing on the CPU: "), 1u) << automatic.errors;
  ExpectSuccess(Run(0, Command("train", Config("cpu", kJob), On("CPU", "libnone.so"))));
  EXPECT_TRUE(OutcomeOfRun("auto").state == OutcomeOfRun("cpu").state);
}

}  // namespace
}  // namespace chorus::e2e
