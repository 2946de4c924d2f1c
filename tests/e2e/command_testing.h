#pragma once
// The installed program as a user runs it: real processes, mpirun, a folder of its own for each
// test. Thread safety: the test's thread.

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "common/config.h"
#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "tests/support/process.h"
#include "worker/log/log_reader.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {

class CommandTest : public testing::Test {
 protected:
  // No wait of a job may pass its deadline by much; a job that still runs then hangs.
  static constexpr double kLimitSeconds = 60;

  void SetUp() override {
    std::string name = JoinPath(testing::TempDir(), "chorus-XXXXXX");
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    WriteJobLog(files_, Path("train"), RichSchema(), 400, 1);
    WriteJobLog(files_, Path("test"), RichSchema(), 130, 2);
  }
  void TearDown() override { EXPECT_TRUE(files_.RemoveRecursively(folder_).ok()); }

  std::string Path(const std::string& name) const { return JoinPath(folder_, name); }

  // "--config FILE" for JobConfig(more), with all paths in the test's folder: logs, `run`/ckpt,
  // `run`/metrics.jsonl.
  std::vector<std::string> Config(const std::string& run, const std::string& more = "") {
    TrainConfig config = JobConfig(more);
    config.mutable_data()->set_log(0, Path("train"));
    config.mutable_evaluate()->clear_log();
    config.mutable_evaluate()->add_log(Path("test"));
    config.mutable_checkpoint()->set_directory(Path(run + "/ckpt"));
    config.mutable_report()->set_metrics(Path(run + "/metrics.jsonl"));
    config.mutable_compute()->set_threads(1);
    const std::string path = Path(run + ".textproto");
    EXPECT_TRUE(ReplaceFile(files_, path, PrintConfig(config)).ok());
    return {"--config", path};
  }

  static std::vector<std::string> Command(const std::string& name,
                                          const std::vector<std::string>& arguments,
                                          const std::vector<std::string>& more = {}) {
    std::vector<std::string> command = {CHORUS_PROGRAM, name};
    command.insert(command.end(), arguments.begin(), arguments.end());
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  // ranks 0: a plain process.
  static test::Finished Run(uint32_t ranks, const std::vector<std::string>& command) {
    return test::RunProcess(Started(ranks, command), kLimitSeconds, test::MpirunEnvironment());
  }
  // The same, while the test goes on.
  static test::Process Start(uint32_t ranks, const std::vector<std::string>& command) {
    return test::Process(Started(ranks, command), test::MpirunEnvironment());
  }
  // Imports `rows`, a text in the test's folder, as the log `log` there.
  void Import(const std::string& schema, const std::string& rows, const std::string& log,
              const std::vector<std::string>& more = {}) {
    ExpectSuccess(Run(
        0, Command("import", more, {"--schema", Path(schema), "--output", Path(log), Path(rows)})));
  }
  static void ExpectSuccess(const test::Finished& finished) {
    EXPECT_EQ(finished.code, 0) << finished.output << finished.errors;
  }
  // Expects exit code 1, and the text in the errors.
  static void ExpectFailure(const test::Finished& finished, const std::string& text) {
    ExpectCode(finished, 1, text);
  }
  // The same for a command line that is wrong.
  static void ExpectUsageError(const test::Finished& finished, const std::string& text) {
    ExpectCode(finished, 2, text);
  }
  static void ExpectCode(const test::Finished& finished, int code, const std::string& text) {
    EXPECT_EQ(finished.code, code) << finished.output << finished.errors;
    EXPECT_NE(finished.errors.find(text), std::string::npos) << "expected: " << text << "\n"
                                                             << finished.errors;
  }

  std::string NewestCheckpoint(const std::string& run) {
    const auto newest = worker::FindCheckpoint(files_, Path(run + "/ckpt"));
    EXPECT_TRUE(newest.ok() && newest->has_value()) << run;
    return newest.ok() ? newest->value_or("") : "";
  }
  Outcome OutcomeOfRun(const std::string& run) {
    return {Canonical(files_, NewestCheckpoint(run)),
            TimelessReports(files_, Path(run + "/metrics.jsonl"))};
  }

  FileSystem& files_ = PosixFiles();
  std::string folder_;

 private:
  static std::vector<std::string> Started(uint32_t ranks, const std::vector<std::string>& command) {
    return ranks == 0 ? command : test::Mpirun(ranks, command);
  }
};

}  // namespace chorus::e2e
