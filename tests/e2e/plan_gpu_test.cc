// `chorus plan --gpu`, and `chorus scale` of workers on (emulated) GPUs.

#include <gmock/gmock.h>

#include "common/json.h"
#include "launch/plan/plan.pb.h"
#include "launch/scale/scale.pb.h"
#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class PlanGpuTest : public CommandTest {
 protected:
  // Long enough for full steps of 16 grains.
  void SetUp() override {
    CommandTest::SetUp();
    WriteJobLog(files_, Path("long"), RichSchema(), 3000, 1);
  }
  test::Finished Plan(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = Config("run");
    arguments.insert(arguments.end(), {"--log", Path("long"), "--steps", "3"});
    return Run(0, Command("plan", arguments, more));
  }
  test::Finished Scale(const std::vector<std::string>& more) {
    std::string launcher;
    for (const std::string& word : test::Mpirun(1, {})) {
      if (word == "-n" || word == "-np") break;
      launcher += (launcher.empty() ? "" : " ") + word;
    }
    std::vector<std::string> arguments = Config("run");
    for (const std::string& argument :
         {std::string("--set"), "data.log=" + Path("long"), std::string("--output"),
          Path("scaling"), std::string("--steps"), std::string("4"), std::string("--repeats"),
          std::string("1"), std::string("--launcher"), launcher}) {
      arguments.push_back(argument);
    }
    return Run(0, Command("scale", arguments, more));
  }
};

TEST_F(PlanGpuTest, OneLayoutIsToldByPartAndSeveralAreATable) {
  const test::Finished one = Plan({"--gpu", "h100", "--workers", "2", "--hosts", "1"});
  ExpectSuccess(one);
  EXPECT_THAT(one.output, HasSubstr("gpu        H100, products in FP32"));
  EXPECT_THAT(one.output, HasSubstr(" of 80.0 GB: dense weights and optimizer "));
  EXPECT_THAT(one.output, Not(HasSubstr("does not fit")));
  // Ranks that serve and work fill the GPUs of hosts: 8 of one, 16 of two.
  const test::Finished table =
      Plan({"--gpu", "A100", "--set", "cluster.placement=COLOCATED", "--set",
            "step.grains_per_step=1", "--weak", "--workers", "1,8,16"});
  ExpectSuccess(table);
  for (const char* const row : {"| 1 | 1 | 1 |", "| 8 | 1 | 8 |", "| 16 | 2 | 16 |"}) {
    EXPECT_THAT(table.output, HasSubstr(row));
  }
  const test::Finished old = Plan({"--gpu", "V100", "--workers", "1,2", "--hosts", "1"});
  ExpectSuccess(old);
  EXPECT_THAT(old.output, HasSubstr("advice     V100 does not run it"));
}

// Servers come first, so that the second host has all workers.
TEST_F(PlanGpuTest, WorkersShareTheCoresOfTheirOwnHost) {
  const std::string json = Path("plan.json");
  ExpectSuccess(Plan({"--gpu", "H100", "--hosts", "2", "--servers", "8", "--workers", "8",
                      "--cores", "128", "--set", "compute.threads=0", "--json", json}));
  const auto text = ReadWholeFile(files_, json);
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  JobPlan plan;
  ASSERT_TRUE(FromJson(*text, &plan).ok()) << *text;
  EXPECT_EQ(plan.layout().threads(), 16u);
}

TEST_F(PlanGpuTest, AFileDescribesAGpuThatIsTooSmall) {
  const std::string file = Path("small.gpu");
  const std::string text =
      "memory 500M\nmemory_bandwidth 1T\nfp32_flops 10T\nbus_bandwidth 16G\nmultiprocessors 10\n";
  ASSERT_TRUE(ReplaceFile(files_, file, text).ok());
  const test::Finished small = Plan({"--gpu", file, "--workers", "1", "--hosts", "1"});
  ExpectSuccess(small);
  EXPECT_THAT(small.output, HasSubstr("advice     does not fit: a worker needs "));
  ASSERT_TRUE(ReplaceFile(files_, file, "memory 500X\n").ok());
  ExpectFailure(Plan({"--gpu", file, "--workers", "1"}),
                "small.gpu line 1: memory: found \"500X\"");
}

TEST_F(PlanGpuTest, WhatIsNoPlanOfGpusIsSaid) {
  ExpectFailure(Plan({"--gpu", "H1O0", "--workers", "1"}), "did you mean \"H100\"?");
  ExpectUsageError(Plan({"--gpu", "", "--workers", "1"}), "--gpu: is empty");
  ExpectFailure(Plan({"--gpu", "H100", "--workers", "1", "--set", "compute.backend=CPU"}),
                "compute.backend=CUDA");
  ExpectFailure(Plan({"--gpu", "H100", "--workers", "1", "--kubernetes", "-"}), "--kubernetes");
  ExpectFailure(
      Plan({"--gpu", "H100", "--workers", "9", "--hosts", "1", "--set", "step.grains_per_step=16"}),
      "a host would have 9 workers and has 8 GPUs");
}

TEST_F(PlanGpuTest, AStepThatTheLogDoesNotFillIsRefused) {
  ExpectFailure(Plan({"--gpu", "H100", "--workers", "1", "--set", "step.grain_rows=1024"}),
                "give a longer log, or a smaller step.grain_rows (1024)");
}

TEST_F(PlanGpuTest, AScaleOfGpusWantsBothGpusAndTheirName) {
  ExpectFailure(Scale({"--workers", "1", "--gpu", "H100"}), "add --gpus");
  ExpectFailure(Scale({"--workers", "1", "--gpus"}), "give --gpu NAME or FILE");
  ExpectFailure(
      Scale({"--workers", "1", "--gpus", "--gpu", "H100", "--set", "compute.backend=CPU"}),
      "--gpus: the job computes on cores");
  ExpectUsageError(Scale({"--workers", "1", "--gpu", ""}), "--gpu: is empty");
}

TEST_F(PlanGpuTest, AScriptForSlurmSaysThatItsTasksNeedGpus) {
  const std::string script = Path("sweep.sh");
  ExpectSuccess(
      Scale({"--workers", "1,2", "--threads", "1", "--gpus", "--gpu", "H100", "--slurm", script}));
  const auto text = ReadWholeFile(files_, script);
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  EXPECT_THAT(*text, HasSubstr("# Workers compute on GPUs"));
  EXPECT_THAT(*text, HasSubstr("--gpus-per-node="));
}

// The times are the emulation's; frames and messages are those of the plan.
TEST_F(PlanGpuTest, ScaleHoldsGpusAgainstTheirPlan) {
  ASSERT_EQ(setenv("CHORUS_CUDA_HOST_DEVICES", "2", 1), 0);
  const test::Finished finished =
      Scale({"--workers", "2", "--gpus", "--gpu", "H100", "--set",
             StrCat("compute.cuda.library=", CHORUS_CUDA_LIBRARY), "--set",
             "compute.cuda.collective=HOST", "--set", "compute.cuda.step_memory_mb=4"});
  unsetenv("CHORUS_CUDA_HOST_DEVICES");
  ExpectSuccess(finished);
  const auto text = ReadWholeFile(files_, Path("scaling/scale.jsonl"));
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  int layouts = 0;
  for (const std::string& line : Split(*text, '\n')) {
    if (line.empty()) continue;
    ScaleLayout layout;
    ASSERT_TRUE(FromJson(line, &layout).ok()) << line;
    EXPECT_TRUE(layout.as_planned()) << line;
    EXPECT_GT(layout.planned_step_seconds(), 0) << line;
    ++layouts;
  }
  EXPECT_EQ(layouts, 1);
}

}  // namespace
}  // namespace chorus::e2e
