// What the command line of `chorus train` and of those who score offers: settings that fit the log,
// the best checkpoint, one before a damaged one, a hint for a misspelt command.

#include "tests/e2e/command_testing.h"
#include "worker/train/best_file.h"

namespace chorus::e2e {
namespace {

using RunOptionsTest = CommandTest;

TEST_F(RunOptionsTest, AMisspeltCommandIsAnsweredWithTheOneThatWasMeant) {
  const test::Finished wrong = Run(0, Command("trian", {}));
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.errors.find("did you mean \"train\"?"), std::string::npos) << wrong.errors;
  const test::Finished strange = Run(0, Command("quantize", {}));
  EXPECT_EQ(strange.code, 2);
  EXPECT_NE(strange.errors.find("no command \"quantize\" (chorus --help"), std::string::npos)
      << strange.errors;
}

TEST_F(RunOptionsTest, WhatIsMissingIsToldWithItsCommand) {
  const test::Finished missing = Run(0, Command("import", {"--output", Path("log")}));
  EXPECT_EQ(missing.code, 2);
  EXPECT_NE(missing.errors.find("chorus import: --schema is required (chorus import --help"),
            std::string::npos)
      << missing.errors;
  EXPECT_EQ(Run(0, Command("import", {"--help"})).code, 0);
}

TEST_F(RunOptionsTest, AMisspeltOptionIsNamedBeforeWhatIsMissing) {
  const test::Finished wrong = Run(0, Command("import", {"--shema=x", "--output", Path("log")}));
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.errors.find("import has no option --shema; did you mean --schema?"),
            std::string::npos)
      << wrong.errors;
  const test::Finished strange = Run(0, Command("train", {"--quantize", "4"}));
  EXPECT_EQ(strange.code, 2);
  EXPECT_NE(strange.errors.find("train has no option --quantize (chorus train --help lists all)"),
            std::string::npos)
      << strange.errors;
}

TEST_F(RunOptionsTest, ANumberThatIsNoneIsAnsweredWithWhatIsExpected) {
  for (const std::string text : {"-1", "10%"}) {
    const test::Finished wrong =
        Run(0, Command("import", {"--schema", "x", "--max-bad-rows", text, "--output", "y"}));
    EXPECT_EQ(wrong.code, 2);
    EXPECT_NE(
        wrong.errors.find("--max-bad-rows: found " + text + ", expected a whole number, 0 or more"),
        std::string::npos)
        << wrong.errors;
  }
  const test::Finished ranged = Run(0, Command("compare", {"--config", "x", "--seeds", "0"}));
  EXPECT_EQ(ranged.code, 2);
  EXPECT_NE(ranged.errors.find("found 0, expected a whole number, 1 .. 1000"), std::string::npos)
      << ranged.errors;
}

// srun without PMIx, as it is each of its tasks.
TEST_F(RunOptionsTest, OneOfSeveralProcessesThatAreStrangersToEachOtherIsRefused) {
  const test::Finished finished =
      test::RunProcess(Command("train", Config("run")), kLimitSeconds,
                       {"SLURM_STEP_NUM_TASKS=4", "SLURM_NTASKS=4", "SLURM_PROCID=1"});
  ExpectFailure(finished, "`srun --mpi=pmix`");
  EXPECT_FALSE(files_.Exists(Path("run")));
}

TEST_F(RunOptionsTest, AResumeThatFindsNothingIsAWarningThatNamesTheFolder) {
  ExpectSuccess(Run(0, Command("train", Config("run"))));
  const test::Finished wrong = Run(0, Command("train", Config("rum"), {"--resume"}));
  ExpectSuccess(wrong);
  EXPECT_NE(wrong.errors.find("[W"), std::string::npos) << wrong.errors;
  EXPECT_NE(wrong.errors.find("--resume: checkpoint.directory " + Path("rum/ckpt") +
                              " did not exist: training begins at step 1"),
            std::string::npos)
      << wrong.errors;
  EXPECT_NE(wrong.errors.find("Checkpoints are in " + Path("run/ckpt")), std::string::npos);
}

// Some words are both.
TEST_F(RunOptionsTest, HelpSaysWhatACommandDoesAndWhatASettingMeans) {
  for (const char* word : {"objective", "evaluate", "report"}) {
    const test::Finished both = Run(0, Command("help", {word}));
    EXPECT_EQ(both.code, 0);
    EXPECT_NE(both.output.find(StrCat("chorus ", word, " [OPTIONS]")), std::string::npos)
        << both.output;
    EXPECT_NE(both.output.find("As a setting:"), std::string::npos) << both.output;
  }
  EXPECT_EQ(Run(0, Command("help", {"train"})).output.find("As a setting:"), std::string::npos);
}

// Under mpirun rank 0 chooses, for all.
TEST_F(RunOptionsTest, SettingsThatNobodyWroteFitTheLogAndAreNamed) {
  const std::vector<std::string> plain = {"--set", "data.log=" + Path("train"), "--set",
                                          "checkpoint.directory=" + Path("run/ckpt")};
  const test::Finished shown = Run(0, Command("train", plain, {"--print-config"}));
  ExpectSuccess(shown);
  EXPECT_NE(shown.output.find("#   step.grain_rows = 8: 400 exposures make about 7 steps of 64"),
            std::string::npos)
      << shown.output;
  EXPECT_NE(shown.output.find("start: BASE_RATE"), std::string::npos);
  ASSERT_TRUE(ReplaceFile(files_, Path("whole.textproto"), shown.output).ok());

  const test::Finished trained = Run(3, Command("train", plain));
  ExpectSuccess(trained);
  EXPECT_NE(trained.errors.find("settings that fit the log"), std::string::npos) << trained.errors;
  const std::string fitted = Canonical(files_, NewestCheckpoint("run"));
  // The whole configuration, written out, is the same job.
  ExpectSuccess(Run(0, Command("train", {"--config", Path("whole.textproto"), "--set",
                                         "checkpoint.directory=" + Path("again/ckpt")})));
  EXPECT_EQ(Canonical(files_, NewestCheckpoint("again")), fitted);
}

TEST_F(RunOptionsTest, TheBestCheckpointIsScoredExportedAndNamed) {
  const test::Finished trained =
      Run(0, Command("train", Config("run",
                                     "evaluate { log: 'test' every_steps: 2 } data { epochs: 4 } "
                                     "table { name: 'a' dim: 4 optimizer { adagrad { lr: 0.5 } } } "
                                     "table { name: 'b' dim: 3 } checkpoint { best: CTR_AUC }")));
  ExpectSuccess(trained);
  const auto best = worker::ReadBest(files_, Path("run/ckpt"));
  ASSERT_TRUE(best.ok() && best->has_value());
  const std::string folder = worker::CheckpointFolder(Path("run/ckpt"), (*best)->step());
  EXPECT_NE(trained.output.find("best checkpoint: " + folder), std::string::npos) << trained.output;
  const auto scores = [&](const std::vector<std::string>& which) {
    std::vector<std::string> arguments = {"--log", Path("test"), "--checkpoint"};
    arguments.insert(arguments.end(), which.begin(), which.end());
    const test::Finished predicted = Run(0, Command("predict", arguments));
    ExpectSuccess(predicted);
    return predicted.output;
  };
  EXPECT_EQ(scores({Path("run/ckpt"), "--best"}), scores({folder}));
  const test::Finished exported = Run(0, Command("export", {"--checkpoint", Path("run/ckpt"),
                                                            "--best", "--output", Path("model")}));
  ExpectSuccess(exported);
  EXPECT_NE(exported.output.find(folder), std::string::npos) << exported.output;
}

TEST_F(RunOptionsTest, FallbackGoesOnFromTheCheckpointBeforeADamagedOne) {
  const std::vector<std::string> config = Config("run", "checkpoint { every_steps: 2 }");
  ExpectSuccess(Run(0, Command("train", config)));
  const Outcome whole = OutcomeOfRun("run");
  const std::string newest = NewestCheckpoint("run");
  const std::string path = JoinPath(newest, "dense.bin");
  std::string bytes = *ReadWholeFile(files_, path);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(ReplaceFile(files_, path, bytes).ok());
  ExpectFailure(Run(0, Command("train", config, {"--resume"})), "--fallback");
  const test::Finished resumed = Run(3, Command("train", config, {"--resume", "--fallback"}));
  ExpectSuccess(resumed);
  EXPECT_NE(resumed.errors.find("is damaged and left out"), std::string::npos) << resumed.errors;
  EXPECT_EQ(NewestCheckpoint("run"), newest);
  EXPECT_EQ(OutcomeOfRun("run").state, whole.state);
}

TEST_F(RunOptionsTest, WhoScoresADamagedCheckpointIsToldOfAnotherOne) {
  ExpectSuccess(Run(0, Command("train", Config("run", "checkpoint { every_steps: 2 }"))));
  const std::string newest = NewestCheckpoint("run");
  const std::string other = worker::OtherCheckpoint(files_, newest);
  ASSERT_FALSE(other.empty());
  const auto evaluate = [&](const std::string& checkpoint) {
    return Run(0, Command("evaluate", {"--checkpoint", checkpoint, "--log", Path("test")}));
  };
  for (const std::string file : {"shard-00000.rows", "dense.bin", "MANIFEST"}) {
    const std::string path = JoinPath(newest, file), whole = *ReadWholeFile(files_, path);
    ASSERT_TRUE(ReplaceFile(files_, path, whole.substr(0, whole.size() / 2)).ok());
    ExpectFailure(evaluate(newest), "is damaged: give another one, --checkpoint " + other);
    ASSERT_TRUE(ReplaceFile(files_, path, whole).ok());
  }
  ASSERT_TRUE(files_.Remove(JoinPath(newest, "shard-00000.rows")).ok());
  ExpectFailure(evaluate(newest), "is damaged: give another one, --checkpoint " + other);
  ExpectSuccess(evaluate(other));
}

}  // namespace
}  // namespace chorus::e2e
