#include "launch/scale/run_program.h"

#include <gmock/gmock.h>

#include <chrono>

#include "common/file.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

using testing::HasSubstr;

class RunProgramTest : public testing::Test {
 protected:
  Status Shell(const std::string& script, double seconds) const {
    return RunProgram({"sh", "-c", script}, output_, seconds);
  }
  const std::string output_ = JoinPath(testing::TempDir(), "run-program-output.txt");
};

TEST_F(RunProgramTest, OutputAndErrorsAreInTheFile) {
  ASSERT_TRUE(Shell("echo one; echo two >&2", 20).ok());
  EXPECT_EQ(ReadWholeFile(PosixFiles(), output_).value(), "one\ntwo\n");
}

TEST_F(RunProgramTest, AFailureTellsCodeAndTheEndOfTheOutput) {
  const Status status = Shell("echo because; exit 3", 20);
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(Shell("exit 69", 20).code(), Code::kUnavailable) << "another try may help";
  EXPECT_THAT(status.ToString(), HasSubstr("exit code 3"));
  EXPECT_THAT(status.ToString(), HasSubstr("because"));
}

TEST_F(RunProgramTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(RunProgram({"no-such-program-here"}, output_, 20).code(), Code::kNotFound);
}

TEST_F(RunProgramTest, ADeadlineEndsItWithAllThatItHasStarted) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Shell("sleep 60 & sleep 60", 0.2).code(), Code::kDeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
}

}  // namespace
}  // namespace chorus::launch
