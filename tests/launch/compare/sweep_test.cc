// A comparison whose methods try settings on a validation log, and settings that fit the log.

#include <signal.h>

#include "tests/launch/compare/compare_testing.h"

namespace chorus::e2e {
namespace {

class SweepTest : public CompareTest {
 protected:
  void SetUp() override {
    CompareTest::SetUp();
    WriteJobLog(files_, Path("validation"), RichSchema(), 150, 3);
  }

  // Two settings, of which one cannot learn and the other diverges, and the method as it is.
  std::string SweepConfig() {
    const std::string path =
        WriteConfig("sweep",
                    "sweep { name: \"still\" set: \"model.optimizer={sgd {lr: 1e-30}}\" }\n"
                    "sweep { name: \"wild\" set: \"model.optimizer={sgd {lr: 1e30}}\" }\n"
                    "sweep { name: \"plain\" }\nsweep_by: CTR_NE\n");
    std::string text = Read("sweep.textproto");
    const std::string test = StrCat("test: \"", Path("test"), "\"");
    text.replace(text.find(test), test.size(),
                 StrCat(test, " validation: \"", Path("validation"), "\""));
    EXPECT_TRUE(ReplaceFile(files_, path, text).ok());
    return path;
  }
};

TEST_F(SweepTest, EveryMethodTakesWhatIsBestOnTheValidationLog) {
  const std::string config = SweepConfig();
  const test::Finished finished = Run(0, Compare(config, "out"));
  EXPECT_EQ(finished.code, 3) << finished.errors;  // the wild setting has failed
  EXPECT_NE(finished.errors.find("2 of 10 runs failed: BASE with wild, ESMM with wild"),
            std::string::npos)
      << finished.errors;
  const std::string table = Read("out/table.md");
  for (const char* method : {"BASE", "ESMM"}) {
    EXPECT_NE(table.find(StrCat("Settings: ", method, " takes plain, by its CTR NE on the ",
                                "validation logs, seed 1 (still ")),
              std::string::npos)
        << table;
  }
  EXPECT_NE(table.find("wild without a value"), std::string::npos) << table;
  EXPECT_NE(table.find("4 of 4 runs are finished"), std::string::npos) << table;
  EXPECT_NE(Read("out/results.jsonl").find("\"setting\":\"plain\""), std::string::npos);
  const auto judged = LoadTrainConfig(Path("out/runs/ESMM/sweep-still-0/job.textproto"), {});
  ASSERT_TRUE(judged.ok());
  EXPECT_EQ(judged->evaluate().log(0), Path("validation"));
  const auto run = LoadTrainConfig(Path("out/runs/ESMM/seed-1-0/job.textproto"), {});
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->evaluate().log(0), Path("test"));

  // What is chosen stays chosen, and the tables are the same.
  ExpectSuccess(Run(0, Compare(config, "out", {"--report-only"})));
  EXPECT_EQ(Read("out/table.md"), table);
}

// A sweep run that fails, or is tried again, does not make another comparison of finished runs.
TEST_F(SweepTest, RunsKeepTheSettingThatTheyBeganWith) {
  const std::string config = SweepConfig();
  EXPECT_EQ(Run(0, Compare(config, "out")).code, 3);
  const std::string table = Read("out/table.md");
  const std::string folder = Path("out/runs/ESMM/sweep-plain-0/");
  ASSERT_TRUE(files_.Remove(folder + "DONE").ok());
  ASSERT_TRUE(ReplaceFile(files_, folder + "FAILED", "INTERNAL: for a test\n").ok());
  ExpectSuccess(Run(0, Compare(config, "out", {"--report-only"})));
  const std::string without = Read("out/table.md");
  EXPECT_NE(without.find("ESMM keeps plain, with which its runs began; its CTR NE on"),
            std::string::npos)
      << without;
  EXPECT_NE(without.find("plain without a value"), std::string::npos) << without;
  EXPECT_NE(without.find("4 of 4 runs are finished"), std::string::npos) << without;
  EXPECT_EQ(Run(0, Compare(config, "out", {"--resume"})).code, 3);
  EXPECT_EQ(Read("out/table.md"), table);
}

TEST_F(SweepTest, AKilledSweepGoesOnToTheSameTable) {
  const std::string config = SweepConfig();
  EXPECT_EQ(Run(0, Compare(config, "whole")).code, 3);
  {
    test::Process killed(Compare(config, "parts"));
    ASSERT_TRUE(killed.WaitForText("run 4/10", kLimitSeconds)) << killed.Errors();
    killed.Kill(SIGKILL);
    EXPECT_EQ(killed.Wait(kLimitSeconds), 128 + SIGKILL);
  }
  EXPECT_EQ(Run(0, Compare(config, "parts", {"--resume"})).code, 3);
  EXPECT_EQ(Read("parts/table.md"), Read("whole/table.md"));
}

TEST_F(SweepTest, SaysWhatIsWrongWithASweep) {
  const std::string sweep = "sweep { name: \"a\" set: \"data.epochs=1\" }\n";
  const struct {
    std::string more, error;
  } cases[] = {{sweep, "data.0.validation"},
               {sweep + sweep, "is the name of an earlier one"},
               {"sweep { name: \"a\" set: \"seed=3\" }\n", "sweep.0"},
               {"sweep { name: \"a\" set: \"nonsense=3\" }\n", "sweep.0"},
               {"sweep_by: NONE\n", "sweep_by"}};
  for (const auto& [more, error] : cases) {
    ExpectFailure(Run(0, Compare(WriteConfig("wrong", more), "out")), error);
  }
  // The log of the test is no validation log.
  const std::string config = SweepConfig();
  ExpectFailure(Run(0, Compare(config, "out", {"--set", "data.0.validation=" + Path("test")})),
                "settings would be judged on what they are not to see");
}

TEST_F(SweepTest, WhatNobodyWritesFitsTheTrainingLogAndIsSaid) {
  const auto norm_of = [&](const std::string& output) {
    const auto job = LoadTrainConfig(Path(output + "/runs/CHORUS/seed-1-0/job.textproto"), {});
    EXPECT_TRUE(job.ok()) << job.status().ToString();
    return job.ok() ? job->objective().chorus_cvr().norm() : NORM_UNSPECIFIED;
  };
  const std::string path = Path("bare.textproto");
  const auto write = [&](const std::string& more) {
    ASSERT_TRUE(
        ReplaceFile(files_, path,
                    StrCat("name: \"bare\" seeds: 1 bootstrap: 100\n", more,
                           "train { compute { threads: 1 } model { start: ZERO } }\ndata { train: "
                           "\"",
                           Path("train"), "\" test: \"", Path("test"), "\" }\n",
                           "method { name: \"BASE\" objective { base {} } }\n",
                           "method { name: \"FIX\" objective { esmm {} } ",
                           "set: \"step.grain_rows=16\" }\n",
                           "method { name: \"CHORUS\" objective { chorus_cvr {} } }\n"))
            .ok());
  };
  write("");
  ExpectSuccess(Run(0, Compare(path, "out")));
  const auto fitted = LoadTrainConfig(Path("out/runs/BASE/seed-1-0/job.textproto"), {});
  const auto fixed = LoadTrainConfig(Path("out/runs/FIX/seed-1-0/job.textproto"), {});
  ASSERT_TRUE(fitted.ok() && fixed.ok());
  EXPECT_EQ(fitted->step().grain_rows(), 8u);  // of 400 exposures
  EXPECT_EQ(fixed->step().grain_rows(), 16u);
  EXPECT_EQ(fitted->model().start(), ModelConfig::ZERO);
  EXPECT_EQ(fitted->model().schedule().decay(), ScheduleConfig::LINEAR);
  EXPECT_EQ(norm_of("out"), EXPOSURE) << "as chorus train has it";
  const std::string table = Read("out/table.md");
  EXPECT_NE(table.find("fits the training log (fit_settings): step.grain_rows=8 "),
            std::string::npos)
      << table;
  const test::Finished printed = Run(0, Compare(path, "out", {"--print-config"}));
  ExpectSuccess(printed);
  EXPECT_NE(printed.output.find("# fits the training log"), std::string::npos) << printed.output;
  // The log may go once a run is finished.
  ASSERT_TRUE(files_.RemoveRecursively(Path("train")).ok());
  ExpectSuccess(Run(0, Compare(path, "out", {"--report-only"})));

  WriteJobLog(files_, Path("train"), RichSchema(), 400, 1);
  write("fit_settings: false\n");
  ExpectSuccess(Run(0, Compare(path, "defaults")));
  const auto plain = LoadTrainConfig(Path("defaults/runs/BASE/seed-1-0/job.textproto"), {});
  ASSERT_TRUE(plain.ok());
  EXPECT_NE(plain->step().grain_rows(), 8u);
  EXPECT_EQ(norm_of("defaults"), SPACE);
  EXPECT_EQ(Read("defaults/table.md").find("fits the training log"), std::string::npos);
}

}  // namespace
}  // namespace chorus::e2e
