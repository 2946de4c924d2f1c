// `chorus objective` from text to text.

#include <gmock/gmock.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "launch/command/commands.h"

namespace chorus::launch {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class CommandObjective : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "command_objective_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Status Run(const std::string& method, const std::string& rows,
             const std::vector<std::string>& sets = {}) {
    const std::string path = directory_ + "/rows.tsv";
    std::ofstream(path) << rows;
    ::testing::internal::CaptureStdout();
    const Status status = RunObjective({.method = method, .sets = sets, .input = path});
    output_ = ::testing::internal::GetCapturedStdout();
    return status;
  }
  Status RunStage(const std::string& method, const std::string& rows, uint32_t stage,
                  uint64_t seed = 1) {
    const std::string path = directory_ + "/rows.tsv";
    std::ofstream(path) << rows;
    ::testing::internal::CaptureStdout();
    const Status status =
        RunObjective({.method = method, .sets = {}, .seed = seed, .stage = stage, .input = path});
    output_ = ::testing::internal::GetCapturedStdout();
    return status;
  }
  // The error without the folder.
  std::string ErrorOf(const std::string& rows) {
    const Status status = Run("ESMM", rows);
    EXPECT_EQ(output_, "");
    std::string message = status.message();
    const size_t at = message.find(directory_ + "/");
    if (at != std::string::npos) message.erase(at, directory_.size() + 1);
    return message;
  }

  std::string directory_;
  std::string output_;
};

TEST_F(CommandObjective, PrintsTermsTotalAndGradientsInFullPrecision) {
  ASSERT_TRUE(Run("ESMM", "o\tr\tctr\tcvr\n1\t1\t0\t0\n0\t1\t0\t0\n", {"w_ctcvr=2"}).ok());
  EXPECT_EQ(output_,
            "term\tctr\t1.3862943611198906\t2\t1\n"
            "term\tctcvr\t1.6739764335716716\t2\t2\n"
            "total\t2.367123614131617\n"
            "grad\t0\tctr\t-0.75\n"
            "grad\t0\tcvr\t-0.5\n"
            "grad\t1\tctr\t0.41666666666666663\n"
            "grad\t1\tcvr\t0.16666666666666666\n");
}

TEST_F(CommandObjective, HeadsMayStandInAnyOrder) {
  ASSERT_TRUE(Run("CHORUS_CVR", "o\tr\tuncvr\tctr\tcvr\n1\t0\t3\t1\t2\n").ok());
  const std::string turned = output_;
  ASSERT_TRUE(Run("chorus_cvr", "o\tr\tctr\tcvr\tuncvr\n1\t0\t1\t2\t3\n").ok());
  EXPECT_EQ(turned.substr(0, turned.find("grad")), output_.substr(0, output_.find("grad")));
  EXPECT_THAT(turned.substr(turned.find("grad")), StartsWith("grad\t0\tuncvr\t"));
  EXPECT_THAT(output_.substr(output_.find("grad")), StartsWith("grad\t0\tctr\t"));
}

// UNBIAS: the first stage trains CTR, the second one CVR with w = 1 + e^0 and sum w = 4.
TEST_F(CommandObjective, ComputesTheStageThatIsAskedFor) {
  const std::string rows = "o\tr\tctr\tcvr\n1\t0\t0\t0\n1\t1\t0\t0\n";
  ASSERT_TRUE(RunStage("UNBIAS", rows, 0).ok());
  EXPECT_EQ(output_,
            "term\tctr\t1.3862943611198906\t2\t1\nterm\tcvr\t0\t0\t0\n"
            "total\t0.69314718055994529\n"
            "grad\t0\tctr\t-0.25\ngrad\t0\tcvr\t0\ngrad\t1\tctr\t-0.25\ngrad\t1\tcvr\t0\n");
  ASSERT_TRUE(RunStage("UNBIAS", rows, 1).ok());
  EXPECT_EQ(output_,
            "term\tctr\t0\t0\t0\nterm\tcvr\t2.7725887222397811\t4\t1\n"
            "total\t0.69314718055994529\n"
            "grad\t0\tctr\t0\ngrad\t0\tcvr\t0.25\ngrad\t1\tctr\t0\ngrad\t1\tcvr\t-0.25\n");
  EXPECT_EQ(RunStage("UNBIAS", rows, 2).message(), "--stage 2: UNBIAS has stages 0 to 1");
  EXPECT_EQ(RunStage("ESMM", rows, 1).message(), "--stage 1: ESMM has one stage, 0");
}

TEST_F(CommandObjective, DrawsSamplesOfTheSeed) {
  std::string rows = "o\tr\tctr\tcvr\n";
  for (int i = 0; i < 100; ++i) rows += "0\t0\t0\t0\n";
  const auto sampled = [&](uint64_t seed) {
    EXPECT_TRUE(RunStage("AMAN", rows, 0, seed).ok());
    return output_;
  };
  EXPECT_EQ(sampled(3), sampled(3));
  EXPECT_NE(sampled(3), sampled(4));
}

TEST_F(CommandObjective, NoRowsGiveEmptyTerms) {
  ASSERT_TRUE(Run("BASE", "o\tr\tctr\tcvr\n").ok());
  EXPECT_EQ(output_, "term\tctr\t0\t0\t1\nterm\tcvr\t0\t0\t1\ntotal\t0\n");
}

TEST_F(CommandObjective, MalformedInputNamesLineAndColumn) {
  const std::string header = "o\tr\tctr\tcvr\n";
  EXPECT_EQ(ErrorOf(""), "rows.tsv:1: no header");
  EXPECT_EQ(ErrorOf("r\to\tctr\tcvr\n"),
            "rows.tsv:1: the header must begin with the columns o and r");
  EXPECT_EQ(ErrorOf("o\tr\tctr\n"), "rows.tsv:1: the header names 1 heads; ESMM needs: ctr, cvr");
  EXPECT_EQ(ErrorOf("o\tr\tctr\tuncvr\n"),
            "rows.tsv:1: column 4: \"uncvr\" is no head of ESMM; allowed: ctr, cvr");
  EXPECT_EQ(ErrorOf("o\tr\tctr\tctr\n"),
            "rows.tsv:1: column 4: \"ctr\" is there twice in ESMM; allowed: ctr, cvr");
  EXPECT_EQ(ErrorOf(header + "1\t0\t0\t0\n1\t0\t0\n"), "rows.tsv:3: 3 cells; the header has 4");
  EXPECT_EQ(ErrorOf(header + "2\t0\t0\t0\n"), "rows.tsv:2: column o: \"2\"; allowed: 0, 1");
  EXPECT_EQ(ErrorOf(header + "1\t\t0\t0\n"), "rows.tsv:2: column r: \"\"; allowed: 0, 1");
  for (const char* cell : {"nan", "inf", "1e999", " 1", "1x", ""}) {
    EXPECT_EQ(ErrorOf(header + "1\t0\t0\t" + cell + "\n"),
              std::string("rows.tsv:2: column cvr: \"") + cell + "\"; allowed: a finite number");
  }
}

TEST_F(CommandObjective, UnknownMethodAndOptionSayWhatIsAllowed) {
  EXPECT_THAT(Run("ESM", "").message(), HasSubstr("allowed: BASE, AMAN, OVERSAMPLING, UNBIAS"));
  EXPECT_THAT(Run("ESMM", "", {"eps=0.1"}).message(), HasSubstr("known fields: w_ctr, w_ctcvr"));
  EXPECT_THAT(Run("CHORUS_CVR", "", {"eps=0"}).message(), HasSubstr("0 is out of range"));
}

}  // namespace
}  // namespace chorus::launch
