// A machine that gives less than a job asks for: the command ends with exit code 1 and says which
// limit it met and what to change, or goes on without what it cannot have.

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

struct Limit {
  const char* name;
  const char* ulimit;
  std::vector<std::string> sets;
  std::vector<std::string> said;
};
void PrintTo(const Limit& limit, std::ostream* out) { *out << limit.name; }

class LimitedTest : public CommandTest {
 protected:
  // Runs a command under `ulimit`.
  static test::Finished Limited(const std::string& ulimit,
                                const std::vector<std::string>& command) {
    std::vector<std::string> shell = {"bash", "-c", "ulimit " + ulimit + "; exec \"$@\"", "bash"};
    shell.insert(shell.end(), command.begin(), command.end());
    return test::RunProcess(shell, kLimitSeconds, test::MpirunEnvironment());
  }
};

class LimitsTest : public LimitedTest, public testing::WithParamInterface<Limit> {};

TEST_P(LimitsTest, IsNamedWithTheRemedy) {
  const Limit& limit = GetParam();
  const test::Finished finished =
      Limited(limit.ulimit, Command("train", Config("run"), limit.sets));
  for (const std::string& said : limit.said) ExpectFailure(finished, said);
}

using SoftLimitTest = LimitedTest;

// A log of many files, as thousands of importers write it.
TEST_F(SoftLimitTest, OfOpenFilesIsRaised) {
  const std::string part = *ReadWholeFile(files_, Path("train/part-00000.log"));
  ASSERT_TRUE(files_.CreateDirectories(Path("many")).ok());
  for (int i = 0; i < 80; ++i) {
    ASSERT_TRUE(ReplaceFile(files_, Path(StrCat("many/part-", 10000 + i, ".log")), part).ok());
  }
  const std::vector<std::string> train = Command(
      "train", Config("run"), {"--set", "data.log=" + Path("many"), "--set", "data.max_steps=2"});
  ExpectSuccess(Limited("-Sn 64", train));
  EXPECT_TRUE(files_.RemoveRecursively(Path("run")).ok());
  ExpectFailure(Limited("-n 64", train), "ulimit -n 64");
}

// The sanitizers reserve terabytes of addresses.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
INSTANTIATE_TEST_SUITE_P(
    Addresses, LimitsTest,
    testing::Values(
        Limit{"ThreadsOfTheEngine",
              "-v 6000000",
              {"--set", "compute.threads=1024"},
              {"ResourceExhausted: compute.threads: thread ", " of 1024: no further thread",
               "ulimit -v 6000000", "ask for fewer threads"}},
        Limit{"ThreadsThatRead",
              "-v 6000000",
              {"--set", "compute.reader_threads=1000"},
              {"ResourceExhausted: ", "compute.reader_threads: thread ", "ulimit -v 6000000"}},
        Limit{"ThreadsOfTheServer",
              "-v 6000000",
              {"--set", "cluster.server_threads=1000", "--set", "cluster.shards=1000"},
              {"ResourceExhausted: cluster.server_threads: thread ", "ulimit -v 6000000"}}),
    [](const auto& limit) { return std::string(limit.param.name); });
#endif

INSTANTIATE_TEST_SUITE_P(
    Files, LimitsTest,
    testing::Values(
        Limit{"OpenFiles",
              "-n 12",
              {},
              {"ResourceExhausted: ", "Too many open files", "ulimit -n 12"}},
        Limit{"SizeOfAFile", "-f 1", {}, {"ResourceExhausted: ", "File too large", "ulimit -f 1"}}),
    [](const auto& limit) { return std::string(limit.param.name); });

}  // namespace
}  // namespace chorus::e2e
