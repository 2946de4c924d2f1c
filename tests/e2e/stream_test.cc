// A pipeline as a user starts it, in two shells: text that keeps coming becomes log files, which are
// trained while they come. Either end is killed, and goes on.

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

constexpr char kSchema[] = R"(
  row_id: "id" click: "click" conversion: "sale" block_rows: 32 file_rows: 100
  slot { column: "user" context: true } slot { column: "item" }
  numeric { column: "price" })";
constexpr int kStopped = 75;

class StreamTest : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    Write("my.schema", kSchema);
    Write("rows.csv", "id,click,sale,user,item,price\n");
  }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(ReplaceFile(files_, Path(name), text).ok());
  }
  static std::string Rows(int first, int end) {
    std::string text;
    for (int i = first; i < end; ++i) {
      text += StrCat(i, ",", i % 3 == 0 ? 1 : 0, ",", i % 6 == 0 ? 1 : 0, ",u", i / 7, ",",
                     i * 5 % 23, ",", i % 10 * 0.5, "\n");
    }
    return text;
  }
  void Append(int first, int end) {
    std::ofstream(Path("rows.csv"), std::ios::app) << Rows(first, end) << std::flush;
  }
  std::vector<std::string> Import(const std::string& input) const {
    return Command("import", {"--schema", Path("my.schema"), "--follow", "--seal-seconds", "0.3",
                              "--output", Path("stream"), input});
  }
  std::vector<std::string> Train(const std::string& run, const std::string& follow_seconds,
                                 const std::vector<std::string>& more = {}) {
    Write("job",
          "objective { chorus_cvr {} } step { grain_rows: 4 pull_ahead: 1 } "
          "checkpoint { every_steps: 1 keep: 10000 }");
    std::vector<std::string> arguments = {
        "--config", Path("job"),
        "--set",    "data.log=" + Path("stream"),
        "--set",    "data.follow_seconds=" + follow_seconds,
        "--set",    "checkpoint.directory=" + Path(run + "/ckpt")};
    return Command("train", arguments, more);
  }
  std::string StateOf(const std::string& run) { return Canonical(files_, NewestCheckpoint(run)); }
  // All rows of the text are in the log, once, in their order.
  void ExpectRows(uint64_t rows) {
    const auto log = worker::LogReader::Open(files_, {Path("stream")});
    ASSERT_TRUE(log.ok()) << log.status().ToString();
    uint64_t row = 0;
    worker::Batch block;
    for (uint32_t b = 0; b < (*log)->blocks().size(); ++b) {
      ASSERT_TRUE((*log)->ReadBlock(b, &block).ok());
      for (const uint64_t id : block.row_id) ASSERT_EQ(id, row++);
    }
    EXPECT_EQ(row, rows);
  }
  uint64_t SealedRows() {
    const auto log = worker::LogReader::Open(files_, {Path("stream")});
    uint64_t rows = 0;
    if (log.ok()) {
      for (const worker::BlockInfo& block : (*log)->blocks()) rows += block.rows;
    }
    return rows;
  }
  // All log files that are there are in the newest checkpoint, each to its end.
  bool IsTrained(const std::string& run) {
    const auto newest = worker::FindCheckpoint(files_, Path(run + "/ckpt"));
    if (!newest.ok() || !newest->has_value()) return false;
    const auto manifest = worker::ReadManifest(files_, **newest);
    if (!manifest.ok() || manifest->followed_files() < LogFiles()) return false;
    const auto& last = manifest->followed(manifest->followed_size() - 1);
    return last.steps_before() + last.steps() == manifest->step();
  }
  // A machine that is loaded needs long for a few seconds of work; CTest ends a test after 120 s.
  static constexpr double kMostSeconds = 110;
  static bool WaitFor(const std::function<bool()>& there) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::duration<double>(kMostSeconds);
    while (std::chrono::steady_clock::now() < deadline) {
      if (there()) return true;
      usleep(100'000);
    }
    return there();
  }
  uint64_t LogFiles() {
    uint64_t count = 0;
    const auto names = files_.List(Path("stream"));
    if (!names.ok()) return 0;
    for (const std::string& name : *names) count += name.ends_with(".log") ? 1 : 0;
    return count;
  }
};

TEST_F(StreamTest, KillsOfImporterAndTrainerChangeNoBit) {
  Append(0, 130);
  {
    test::Process importer = Start(0, Import(Path("rows.csv")));
    test::Process trainer = Start(3, Train("run", "600"));
    ASSERT_TRUE(WaitFor([&] { return LogFiles() >= 2; })) << importer.Errors();
    Append(130, 171);
    ASSERT_TRUE(trainer.WaitForText("file 2, part-0000000001.log", kMostSeconds))
        << trainer.Errors();
    importer.Kill(SIGKILL);
    ASSERT_TRUE(importer.Wait(10).has_value());
    ASSERT_TRUE(trainer.KillRank(2, 10));
    ASSERT_TRUE(trainer.Wait(30).has_value()) << trainer.Errors();
  }
  Append(171, 400);
  test::Process importer = Start(0, Import(Path("rows.csv")));
  test::Process trainer = Start(2, Train("run", "600", {"--resume"}));
  ASSERT_TRUE(WaitFor([&] { return LogFiles() >= 4; })) << importer.Errors();
  Append(400, 470);
  ASSERT_TRUE(WaitFor([&] { return SealedRows() >= 470; })) << importer.Errors();
  importer.Kill(SIGTERM);
  EXPECT_EQ(importer.Wait(30).value_or(-1), kStopped) << importer.Output() << importer.Errors();
  ExpectRows(470);
  ASSERT_TRUE(WaitFor([&] { return IsTrained("run"); })) << trainer.Errors();
  trainer.Kill(SIGUSR1);
  EXPECT_EQ(trainer.Wait(30).value_or(-1), kStopped) << trainer.Output() << trainer.Errors();
  ExpectSuccess(Run(0, Train("whole", "0.1")));
  EXPECT_TRUE(StateOf("run") == StateOf("whole"));
}

TEST_F(StreamTest, AStopBeforeTheFirstFileIsAStop) {
  for (const uint32_t ranks : {0u, 2u}) {
    test::Process trainer = Start(ranks, Train("run", "600"));
    ASSERT_TRUE(trainer.WaitForText("waiting for the first log file", kMostSeconds))
        << trainer.Errors();
    trainer.Kill(SIGUSR1);
    EXPECT_EQ(trainer.Wait(30).value_or(-1), kStopped) << trainer.Output() << trainer.Errors();
    EXPECT_NE(trainer.Output().find("before the first log file came"), std::string::npos);
  }
}

TEST_F(StreamTest, APipeAndAStopWhileTheTrainerWaits) {
  Append(0, 250);
  test::Process trainer = Start(2, Train("run", "600"));  // before there is any log
  ASSERT_TRUE(trainer.WaitForText("waiting for the first log file", kMostSeconds))
      << trainer.Errors();
  std::vector<std::string> pipe = {"sh", "-c", "cat \"$0\" | \"$@\"", Path("rows.csv")};
  for (const std::string& word : Import("-")) pipe.push_back(word);
  ExpectSuccess(Run(0, pipe));
  ExpectRows(250);
  ASSERT_TRUE(trainer.WaitForText("file 3, part-0000000002.log", kMostSeconds)) << trainer.Errors();
  ASSERT_TRUE(WaitFor([&] { return IsTrained("run"); })) << trainer.Errors();
  trainer.Kill(SIGUSR1);
  EXPECT_EQ(trainer.Wait(30).value_or(-1), kStopped) << trainer.Output() << trainer.Errors();
  ExpectSuccess(Run(0, Train("whole", "0.1")));
  EXPECT_TRUE(StateOf("run") == StateOf("whole"));
}

}  // namespace
}  // namespace chorus::e2e
