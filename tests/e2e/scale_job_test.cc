// `chorus scale`, from layouts of a small job to tables and pictures.

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "common/json.h"
#include "common/write_lock.h"
#include "launch/scale/scale.pb.h"
#include "tests/e2e/command_testing.h"
#include "tests/launch/report/well_formed.h"

namespace chorus::e2e {
namespace {

using testing::HasSubstr;

class ScaleJobTest : public CommandTest {
 protected:
  test::Finished Scale(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = Config("run");
    for (const std::string& argument :
         {std::string("--output"), Path("scaling"), std::string("--steps"), std::string("6"),
          std::string("--launcher"), launcher_}) {
      arguments.push_back(argument);
    }
    return Run(0, Command("scale", arguments, more));
  }
  // The mpirun of tests, up to its number of ranks.
  static std::string Launcher() {
    std::string launcher;
    for (const std::string& word : test::Mpirun(1, {})) {
      if (word == "-n" || word == "-np") break;
      launcher += (launcher.empty() ? "" : " ") + word;
    }
    return launcher;
  }
  std::string Read(const std::string& name) {
    const auto text = ReadWholeFile(files_, Path("scaling/" + name));
    EXPECT_TRUE(text.ok()) << text.status().ToString();
    return text.ok() ? *text : "";
  }
  std::vector<ScaleLayout> Layouts() {
    std::vector<ScaleLayout> layouts;
    for (const std::string& line : Split(Read("scale.jsonl"), '\n')) {
      if (line.empty()) continue;
      EXPECT_TRUE(FromJson(line, &layouts.emplace_back()).ok()) << line;
    }
    return layouts;
  }

  std::string launcher_ = Launcher();
};

TEST_F(ScaleJobTest, StrongScalingIsMeasuredAsPlannedAndEndsWithOneModel) {
  const test::Finished finished = Scale({"--workers", "1,2", "--repeats", "2", "--check"});
  ExpectSuccess(finished);
  const std::vector<ScaleLayout> layouts = Layouts();
  ASSERT_EQ(layouts.size(), 2u);
  for (const ScaleLayout& layout : layouts) {
    EXPECT_EQ(layout.runs(), 2u);
    EXPECT_TRUE(layout.as_planned()) << layout.DebugString();
    EXPECT_GT(layout.step_seconds(), 0);
    EXPECT_GT(layout.planned_step_seconds(), 0);
    EXPECT_GT(layout.server_memory_bytes(), 0u);
    EXPECT_NE(layout.bottleneck(), "");
    EXPECT_EQ(layout.canonical(), layouts[0].canonical());
    EXPECT_EQ(layout.canonical().size(), 16u);
  }
  EXPECT_EQ(layouts[0].sum_messages(), 0);
  EXPECT_GT(layouts[1].sum_messages(), 0);
  EXPECT_THAT(finished.output, HasSubstr("Strong scaling"));
  EXPECT_THAT(Read("scale.md"), HasSubstr("| 2 + 1 | 2 |"));
  EXPECT_EQ(WhatIsUnbalanced(Read("scale.svg")), "");
  EXPECT_THAT(Read("scale.html"), HasSubstr("<svg"));

  // Another call needs --resume, which finds all runs there.
  ExpectFailure(Scale({"--workers", "1,2", "--repeats", "2"}), "--resume");
  const test::Finished again = Scale({"--workers", "1,2", "--repeats", "2", "--resume"});
  ExpectSuccess(again);
  EXPECT_EQ(again.errors.find("run 1 of 4"), std::string::npos) << again.errors;
}

TEST_F(ScaleJobTest, ASecondSweepInTheFolderIsRefused) {
  ASSERT_TRUE(files_.CreateDirectories(Path("scaling")).ok());
  const auto lock = LockFolder(files_, Path("scaling"));
  ASSERT_TRUE(lock.ok()) << lock.status().ToString();
  ExpectFailure(Scale({"--workers", "1"}), "scaling");
}

// mpirun is a script that asks the sweep to end, as a user would, and then takes its time.
TEST_F(ScaleJobTest, AStoppedSweepEndsWithTheCodeOfOneThatGoesOn) {
  ASSERT_TRUE(ReplaceFile(files_, Path("slow"), "#!/bin/sh\nkill -TERM $PPID\nsleep 60\n").ok());
  ASSERT_EQ(::chmod(Path("slow").c_str(), 0755), 0);
  launcher_ = Path("slow");
  const test::Finished stopped = Scale({"--workers", "1"});
  EXPECT_EQ(stopped.code, 75) << stopped.errors;
  EXPECT_THAT(stopped.errors, HasSubstr("--resume"));
}

// The program trains, but the last run of two workers has another seed.
TEST_F(ScaleJobTest, TablesAreWrittenThoughACheckFails) {
  const std::string script = StrCat(
      "#!/bin/sh\ncase \"$*\" in *w2-s1-check*) set -- \"$@\" --set seed=99;; esac\n"
      "exec '",
      CHORUS_PROGRAM, "' \"$@\"\n");
  ASSERT_TRUE(ReplaceFile(files_, Path("odd"), script).ok());
  ASSERT_EQ(::chmod(Path("odd").c_str(), 0755), 0);
  ExpectFailure(Scale({"--workers", "1,2", "--repeats", "1", "--check", "--program", Path("odd")}),
                "differs from that of");
  ASSERT_EQ(Layouts().size(), 2u);
  EXPECT_NE(Layouts()[0].canonical(), Layouts()[1].canonical());
}

TEST_F(ScaleJobTest, WeakScalingGrowsTheStepWithTheWorkers) {
  ExpectSuccess(Scale(
      {"--workers", "1,2", "--mode", "weak", "--repeats", "1", "--set", "step.grains_per_step=2"}));
  const std::vector<ScaleLayout> layouts = Layouts();
  ASSERT_EQ(layouts.size(), 2u);
  EXPECT_GT(layouts[1].exposures_per_step(), 1.5 * layouts[0].exposures_per_step());
  EXPECT_TRUE(layouts[0].as_planned() && layouts[1].as_planned());
}

TEST_F(ScaleJobTest, ARunThatFailsEndsTheSweepWithItsFolder) {
  ExpectFailure(Scale({"--workers", "1", "--program", "/bin/false"}), "w1-s1-r1");
  ExpectFailure(Scale({"--workers", "3", "--mode", "weak", "--check"}), "--check");
}

}  // namespace
}  // namespace chorus::e2e
