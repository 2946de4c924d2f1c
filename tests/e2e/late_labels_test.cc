// What users do with a log after its import, through the program: labels that come later, logs that
// become one, and text again.

#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>
#include <functional>

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

constexpr char kLateSchema[] = R"(
  row_id: "id" click: "click" conversion: "sale" group: "user" block_rows: 64
  slot { column: "user" context: true } slot { column: "item" }
  slot { column: "tags" separator: "|" }
  numeric { column: "price" transform: NONE })";

class LateLabelsTest : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    Write("my.schema", kLateSchema);
    Write("early.csv", Rows([](int) { return "0,0"; }));
    Write("final.csv", Rows([](int i) { return i % 3 != 0 ? "0,0" : i % 2 == 0 ? "1,1" : "1,0"; }));
    Import("my.schema", "early.csv", "early");
    Import("my.schema", "final.csv", "final");
    std::string clicks = "id,click\n", sales = "sale,id,seen\n";
    for (int i = 0; i < kRows; i += 3) clicks += StrCat(i, ",1\n");
    for (int i = 0; i < kRows; i += 6) sales += StrCat("1,", i, ",x\n");
    Write("clicks.csv", clicks);
    Write("sales.csv", sales);
  }

  static std::string Rows(const std::function<std::string(int)>& labels) {
    std::string text = "id,click,sale,user,item,tags,price\n";
    for (int i = 0; i < kRows; ++i) {
      text += StrCat(i, ",", labels(i), ",", i / 7, ",", i * 5 % 23, ",", i % 4, "|", i % 9, ",",
                     i % 10 * 0.5, "\n");
    }
    return text;
  }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(ReplaceFile(files_, Path(name), text).ok());
  }
  std::vector<std::string> Labels(const std::string& log, const std::string& text) const {
    return Command("import", {"--schema", Path("my.schema"), "--log", Path(log), "--labels",
                              text == "-" ? text : Path(text)});
  }
  std::vector<std::string> Train(const std::string& log, const std::string& run) {
    Write("job", "objective { esmm {} } step { grain_rows: 50 } data { epochs: 2 }");
    return Command("train", {"--config", Path("job"), "--set", "data.log=" + Path(log), "--set",
                             "checkpoint.directory=" + Path(run)});
  }
  std::string CanonicalOf(const std::string& run) { return Canonical(files_, NewestOf(run)); }
  std::string NewestOf(const std::string& run) {
    const auto newest = worker::FindCheckpoint(files_, Path(run));
    EXPECT_TRUE(newest.ok() && newest->has_value()) << run;
    return newest.ok() ? newest->value_or("") : "";
  }
  std::vector<std::string> FilesOf(const std::string& log) { return *files_.List(Path(log)); }

  static constexpr int kRows = 600;
};

TEST_F(LateLabelsTest, TrainingOnThemGivesTheBitsOfALogThatHadThemFromTheBeginning) {
  ExpectSuccess(Run(0, Train("early", "run-early")));
  const test::Finished clicks = Run(0, Labels("early", "clicks.csv"));
  ExpectSuccess(clicks);
  EXPECT_NE(clicks.output.find("200 exposures with other labels; clicks: 200 more"),
            std::string::npos)
      << clicks.output;
  ExpectSuccess(Run(0, Labels("early", "sales.csv")));
  ExpectSuccess(Run(0, Train("early", "run-late")));
  ExpectSuccess(Run(0, Train("final", "run-final")));
  EXPECT_EQ(CanonicalOf("run-late"), CanonicalOf("run-final"));
  EXPECT_NE(CanonicalOf("run-late"), CanonicalOf("run-early"));

  const auto evaluate = [&](const std::string& log) {
    return Run(0, Command("evaluate", {"--checkpoint", Path("run-late"), "--log", Path(log)}));
  };
  const test::Finished late = evaluate("early"), final_labels = evaluate("final");
  ExpectSuccess(late);
  EXPECT_EQ(late.output, final_labels.output);

  const test::Finished inspected = Run(0, Command("inspect", {Path("early"), "--verify"}));
  ExpectSuccess(inspected);
  EXPECT_NE(inspected.output.find("labels came later      200 exposures"), std::string::npos)
      << inspected.output;

  std::vector<std::string> resume = Train("early", "run-early");
  resume.push_back("--resume");
  ExpectFailure(Run(0, resume), "was trained on this log before labels came to it (" +
                                    Path("early/labels-00000.labels") + " and later ones)");
}

TEST_F(LateLabelsTest, OneWriterAtATimeAndAKilledOneLeavesTheLabelsAsTheyWere) {
  const std::string pipe = Path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  {
    std::string command = "exec";
    for (const std::string& word : Labels("early", "-")) command += " '" + word + "'";
    test::Process importing = Start(0, {"bash", "-c", command + " < '" + pipe + "'"});
    const int end = open(pipe.c_str(), O_WRONLY);  // waits for the reader
    ASSERT_GE(end, 0);
    ASSERT_GT(write(end, "id,click\n3,1\n", 13), 0);
    for (int tries = 0; tries < 200 && !files_.Exists(Path("early/labels.lock")); ++tries) {
      usleep(50'000);
    }
    ExpectFailure(Run(0, Labels("early", "clicks.csv")), "another process writes here");
    importing.Kill(SIGKILL);
    ASSERT_TRUE(importing.Wait(kLimitSeconds).has_value());
    close(end);
  }
  EXPECT_FALSE(files_.Exists(Path("early/labels-00000.labels")));
  ExpectSuccess(Run(0, Labels("early", "clicks.csv")));
  // A log that is named twice is one log.
  const test::Finished again =
      Run(0, Command("import", {"--schema", Path("my.schema"), "--log", Path("early"),
                                Path("./early"), "--labels", Path("clicks.csv")}));
  ExpectSuccess(again);
  EXPECT_NE(again.output.find("no label changed"), std::string::npos) << again.output;
  EXPECT_EQ(FilesOf("early"), (std::vector<std::string>{"labels-00000.labels", "part-00000.log"}));
}

TEST_F(LateLabelsTest, MergeMakesThemPartOfTheLogAndExportGivesTheTextBack) {
  ExpectSuccess(Run(0, Labels("early", "clicks.csv")));
  ExpectSuccess(Run(0, Labels("early", "sales.csv")));
  ExpectSuccess(Run(0, Command("merge", {"--output", Path("merged"), Path("early")})));
  EXPECT_EQ(*ReadWholeFile(files_, Path("merged/part-00000.log")),
            *ReadWholeFile(files_, Path("final/part-00000.log")));

  ExpectSuccess(Run(0, Command("export-log", {Path("early"), "--output", Path("back.tsv.gz"),
                                              "--schema-output", Path("back.schema")})));
  Import("back.schema", "back.tsv.gz", "again");
  const auto rows = [&](const std::string& log) {
    return Run(0, Command("inspect", {Path(log), "--rows", StrCat(kRows)})).output;
  };
  EXPECT_EQ(rows("again"), rows("final"));
}

// Its truth is told by row, whatever labels came later.
TEST_F(LateLabelsTest, AGeneratedLogKeepsItsOracle) {
  ExpectSuccess(
      Run(0, Command("generate", {"--set", "exposures=2000", "--output", Path("world")})));
  Write("one.csv", "id,click\n5,1\n6,1\n7,1\n");
  ExpectSuccess(Run(0, Labels("world", "one.csv")));
  ASSERT_TRUE(files_.Exists(Path("world/labels-00000.labels")));
  ExpectSuccess(Run(0, Train("world", "run")));
  const test::Finished evaluated =
      Run(0, Command("evaluate", {"--checkpoint", Path("run"), "--log", Path("world"), "--oracle",
                                  Path("world/oracle.bin")}));
  ExpectSuccess(evaluated);
}

TEST_F(LateLabelsTest, IdsOfFewRowsAreLeftOutAndCounted) {
  // Of 600 rows each of 23 items has 26 or 27, and "user" 7 but for the last, which has 5.
  const test::Finished imported =
      Run(0, Command("import",
                     {"--schema", Path("my.schema"), "--set", "slot.item.min_count=27", "--set",
                      "slot.user.min_count=6", "--output", Path("frequent"), Path("final.csv")}));
  ExpectSuccess(imported);
  EXPECT_NE(imported.output.find("item: ids in fewer rows than min_count 546"), std::string::npos)
      << imported.output;
  EXPECT_NE(imported.output.find("user: ids in fewer rows than min_count 1 "), std::string::npos)
      << imported.output;
  ExpectSuccess(Run(0, Train("frequent", "run")));
}

TEST_F(LateLabelsTest, TheCommandLineSaysWhatItNeeds) {
  const auto expect_usage = [&](const std::vector<std::string>& arguments,
                                const std::string& text) {
    const test::Finished finished = Run(0, Command("import", arguments));
    EXPECT_EQ(finished.code, 2) << finished.errors;
    EXPECT_NE((finished.output + finished.errors).find(text), std::string::npos)
        << finished.output << finished.errors;
  };
  const std::string schema = Path("my.schema"), text = Path("clicks.csv");
  expect_usage({"--schema", schema, text}, "--output");
  expect_usage({"--schema", schema, "--labels", text}, "--log");
  expect_usage({"--schema", schema, "--log", Path("early")}, "--labels");
  expect_usage({"--schema", schema, "--log", Path("early"), "--labels", text, "--output", "x"},
               "--output");
  expect_usage({"--schema", schema, "--log", Path("early"), "--labels", text, "--unlabelled"},
               "--unlabelled");
  ExpectFailure(Run(0, Labels("early", "my.schema")), "row_id: there is no column 'id'");
}

}  // namespace
}  // namespace chorus::e2e
