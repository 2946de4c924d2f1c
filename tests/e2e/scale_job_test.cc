// `chorus scale`, from layouts of a small job to tables and pictures.

#include <gmock/gmock.h>

#include "common/json.h"
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
          std::string("--launcher"), Launcher()}) {
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
