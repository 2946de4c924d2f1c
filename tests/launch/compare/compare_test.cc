// `chorus compare` from a configuration to its pages: complete, resumable, the same on any ranks.

#include <google/protobuf/util/json_util.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "common/compare.pb.h"
#include "common/write_lock.h"
#include "tests/launch/compare/compare_testing.h"
#include "tests/launch/report/well_formed.h"

namespace chorus::e2e {
namespace {

TEST_F(CompareTest, TrainsEveryMethodBySeedAndWritesResultsTableAndPage) {
  ExpectSuccess(Run(0, Compare(WriteConfig("two"), "out")));
  std::vector<std::string> seen;
  for (const std::string& line : Split(Read("out/results.jsonl"), '\n')) {
    if (line.empty()) continue;
    RunResult result;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(line, &result).ok()) << line;
    seen.push_back(StrCat(result.method(), " ", result.seed()));
    EXPECT_EQ(result.evaluation().rows(), 130u);
    EXPECT_GT(result.metric_size(), 5);
    EXPECT_NE(line.find("\"name\":\"cvr_above_one\",\"value\":0"), std::string::npos) << line;
  }
  EXPECT_EQ(Join(seen, ", "), "BASE 1, ESMM 1, BASE 2, ESMM 2");
  const std::string table = Read("out/table.md");
  for (const char* text : {"| BASE |", "| ESMM |", "CTCVR AUC, common pCTR", "4 of 4 runs"}) {
    EXPECT_NE(table.find(text), std::string::npos) << text << "\n" << table;
  }
  EXPECT_EQ(WhatIsUnbalanced(Read("out/report.html")), "");
  for (const std::string& text :
       {std::string("Methods: BASE, ESMM"),
        StrCat("Data set 0: trained on ", Path("train"), "; tested on ", Path("test"), "<"),
        std::string("common_ctr: &quot;BASE&quot;")}) {
    EXPECT_NE(Read("out/report.html").find(text), std::string::npos) << text;
  }
  EXPECT_FALSE(files_.Exists(Path("out/runs/BASE/seed-1-0/checkpoint")));

  ExpectSuccess(Run(0, Command("report", {Path("out/runs/BASE/seed-1-0")})));
  EXPECT_EQ(WhatIsUnbalanced(Read("out/runs/BASE/seed-1-0/report.html")), "");
  const test::Finished report = Run(0, Command("report", {Path("out")}));
  ExpectSuccess(report);
  EXPECT_NE(report.output.find("its report is " + Path("out/report.html")), std::string::npos);
  ASSERT_TRUE(files_.Remove(Path("out/report.html")).ok());
  ExpectFailure(Run(0, Command("report", {Path("out")})), "--report-only` makes it");
}

TEST_F(CompareTest, EachRunHasTensorBoardsCurvesInAFolderOfItsOwnAndOnlyIfAsked) {
  const std::string board = Path("board");
  ExpectSuccess(Run(0, Compare(WriteConfig("two"), "plain")));
  EXPECT_NE(Read("plain/runs/ESMM/seed-1-0/job.textproto").find("tensorboard: \"\""),
            std::string::npos);
  ExpectSuccess(Run(0, Compare(WriteConfig("two"), "shown",
                               {"--set", StrCat("train.report.tensorboard=", board)})));
  for (const char* run : {"BASE/seed-1-0", "BASE/seed-2-0", "ESMM/seed-1-0", "ESMM/seed-2-0"}) {
    const auto names = files_.List(JoinPath(board, run));
    ASSERT_TRUE(names.ok()) << names.status().ToString();
    EXPECT_EQ(std::count_if(names->begin(), names->end(),
                            [](const std::string& name) { return name.starts_with("events."); }),
              1);
  }
}

TEST_F(CompareTest, AKilledComparisonGoesOnToTheSameBytes) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "whole")));
  {
    test::Process killed(Compare(config, "parts"));
    ASSERT_TRUE(killed.WaitForText("run 2/4", kLimitSeconds));
    killed.Kill(SIGKILL);
    EXPECT_EQ(killed.Wait(kLimitSeconds), 128 + SIGKILL);
  }
  EXPECT_FALSE(files_.Exists(Path("parts/results.jsonl")));
  const std::string first = Read("parts/runs/BASE/seed-1-0/DONE");
  const test::Finished resumed = Run(0, Compare(config, "parts", {"--resume"}));
  ExpectSuccess(resumed);
  EXPECT_NE(resumed.errors.find("of 4 runs are done already"), std::string::npos);
  EXPECT_EQ(Read("parts/runs/BASE/seed-1-0/DONE"), first);  // its time too: it was not run again
  EXPECT_EQ(Read("parts/results.jsonl"), Read("whole/results.jsonl"));
  EXPECT_EQ(Read("parts/table.md"), Read("whole/table.md"));
  EXPECT_EQ(Read("parts/report.html"), Read("whole/report.html"));
}

TEST_F(CompareTest, AStagedMethodKilledInEachStageGoesOnUnderMpirunToTheSameBytes) {
  const std::string config =
      WriteConfig("staged", "method { name: \"UKD\" objective { ukd {} } }\n");
  const auto job = [&](const std::string& out, const std::string& resume) {
    std::vector<std::string> more = {"--methods", "UKD",
                                     "--seeds",   "1",
                                     "--set",     "train.checkpoint.every_steps=10",
                                     "--set",     "train.data.epochs=6"};
    if (!resume.empty()) more.push_back(resume);
    return Compare(config, out, more);
  };
  ExpectSuccess(Run(0, job("whole", "")));
  const std::string folder = "parts/runs/UKD/seed-1-0/checkpoint/step-000000000";
  for (const char* step : {"010", "040"}) {  // of two stages by 30 steps
    test::Process killed(job("parts", "--resume"));
    ASSERT_TRUE(killed.WaitForText(StrCat(folder, step, ":"), kLimitSeconds)) << killed.Errors();
    killed.Kill(SIGKILL);
    EXPECT_EQ(killed.Wait(kLimitSeconds), 128 + SIGKILL);
  }
  EXPECT_FALSE(files_.Exists(Path("parts/runs/UKD/seed-1-0/DONE")));
  const test::Finished resumed = Run(3, job("parts", "--resume"));
  ExpectSuccess(resumed);
  EXPECT_NE(resumed.errors.find("resuming after step "), std::string::npos) << resumed.errors;
  for (const char* name :
       {"results.jsonl", "table.md", "report.html", "runs/UKD/seed-1-0/scores"}) {
    EXPECT_EQ(Read(StrCat("parts/", name)), Read(StrCat("whole/", name))) << name;
  }
}

TEST_F(CompareTest, UnderMpirunItIsThatOfOneProcess) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "one")));
  const struct {
    const char* out;
    uint32_t ranks;
    std::vector<std::string> more;
  } jobs[] = {{"dedicated", 3, {}},
              {"colocated", 2, {"--set", "train.cluster.placement=COLOCATED"}}};
  for (const auto& job : jobs) {
    ExpectSuccess(Run(job.ranks, Compare(config, job.out, job.more)));
    EXPECT_EQ(Read(StrCat(job.out, "/results.jsonl")), Read("one/results.jsonl"));
    EXPECT_EQ(Read(StrCat(job.out, "/table.md")), Read("one/table.md"));
  }
}

TEST_F(CompareTest, ADamagedRecordIsDoneAgainToTheSameBytes) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "out", {"--seeds", "1"})));
  const std::string results = Read("out/results.jsonl");
  std::string record = Read("out/runs/ESMM/seed-1-0/DONE");
  record[record.size() / 2] ^= 1;
  ASSERT_TRUE(ReplaceFile(files_, Path("out/runs/ESMM/seed-1-0/DONE"), record).ok());
  const test::Finished again = Run(0, Compare(config, "out", {"--seeds", "1", "--resume"}));
  ExpectSuccess(again);
  EXPECT_NE(again.errors.find("counts as not finished"), std::string::npos) << again.errors;
  EXPECT_NE(again.errors.find("run 2/2 ESMM seed 1"), std::string::npos) << again.errors;
  EXPECT_EQ(Read("out/results.jsonl"), results);
}

TEST_F(CompareTest, ARunWhoseReportsAreLostIsInTheReportWithoutItsCurve) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "out")));
  const std::string table = Read("out/table.md");
  EXPECT_EQ(Read("out/report.html").find("No training curve"), std::string::npos);
  const std::string lost = "out/runs/ESMM/seed-1-0/metrics.jsonl";
  const std::string damaged = "out/runs/BASE/seed-2-0/metrics.jsonl";
  ASSERT_TRUE(files_.Remove(Path(lost)).ok());
  ASSERT_TRUE(ReplaceFile(files_, Path(damaged), "mine\n" + Read(damaged)).ok());
  const test::Finished report = Run(0, Compare(config, "out", {"--report-only"}));
  ExpectSuccess(report);
  const std::string page = Read("out/report.html");
  EXPECT_EQ(WhatIsUnbalanced(page), "");
  for (const std::string& text :
       {std::string("No training curve of ESMM seed 1: "), Path(lost),
        std::string("No training curve of BASE seed 2: "), Path(damaged) + ":1"}) {
    EXPECT_NE(page.find(text), std::string::npos) << text;
    EXPECT_NE(report.errors.find(text), std::string::npos) << text << report.errors;
  }
  EXPECT_NE(page.find("Loss of ESMM by step"), std::string::npos);  // of seed 2
  EXPECT_EQ(Read("out/table.md"), table);
}

TEST_F(CompareTest, AnEmptyJobIsNamedWithWhatToDo) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "out", {"--seeds", "1"})));
  const std::string folder = Path("out/runs/ESMM/seed-1-0");
  ASSERT_TRUE(ReplaceFile(files_, folder + "/job.textproto", "").ok());
  ExpectFailure(Run(0, Compare(config, "out", {"--resume"})),
                StrCat(folder, "/job.textproto is empty: what ", folder,
                       " was made with is lost; remove that folder"));
}

TEST_F(CompareTest, MissingAndDamagedScoresAreDoneAgainToTheSameBytes) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "out", {"--seeds", "1"})));
  const std::string results = Read("out/results.jsonl");
  const std::string scores = Read("out/runs/ESMM/seed-1-0/scores");
  std::string damaged = scores;
  damaged[damaged.size() / 2] ^= 1;
  ASSERT_TRUE(ReplaceFile(files_, Path("out/runs/ESMM/seed-1-0/scores"), damaged).ok());
  ASSERT_TRUE(files_.RemoveRecursively(Path("out/runs/BASE/seed-1-0/scores")).ok());
  const test::Finished again = Run(0, Compare(config, "out", {"--seeds", "1", "--resume"}));
  ExpectSuccess(again);
  EXPECT_NE(again.errors.find("BASE/seed-1-0/scores: is not there"), std::string::npos);
  EXPECT_NE(again.errors.find("ESMM/seed-1-0/scores: its checksum"), std::string::npos);
  EXPECT_EQ(Read("out/runs/ESMM/seed-1-0/scores"), scores);
  EXPECT_EQ(Read("out/results.jsonl"), results);
}

TEST_F(CompareTest, AnotherLogAtTheSamePathIsRefusedByFolderAndLog) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "out", {"--seeds", "1"})));
  const auto resumed = [&] { return Run(0, Compare(config, "out", {"--resume"})); };
  const auto swap = [&](const char* a, const char* b) {
    std::filesystem::rename(Path(a), Path("kept"));
    std::filesystem::rename(Path(b), Path(a));
    std::filesystem::rename(Path("kept"), Path(b));
  };
  WriteJobLog(files_, Path("other"), RichSchema(), 100, 9);
  swap("test", "other");
  ExpectFailure(resumed(), "out/runs/BASE/seed-1-0 was made with another test log");
  ExpectFailure(resumed(), Path("test"));
  swap("test", "other");
  swap("train", "other");
  ExpectFailure(resumed(), "was made with another training log");
  swap("train", "other");
  ExpectSuccess(resumed());
  ASSERT_TRUE(files_.RemoveRecursively(Path("train")).ok());  // gone: not compared
  ASSERT_TRUE(files_.RemoveRecursively(Path("test")).ok());
  ExpectSuccess(resumed());
}

TEST_F(CompareTest, AnotherOracleFileAtTheSamePathIsRefused) {
  const std::string config = WriteConfig("two");
  const std::string oracle = "data.0.oracle=" + Path("oracle");
  WriteOracle("oracle", 1);
  ExpectSuccess(Run(0, Compare(config, "out", {"--seeds", "1", "--set", oracle})));
  const auto resumed = [&] {
    return Run(0, Compare(config, "out", {"--seeds", "1", "--resume", "--set", oracle}));
  };
  WriteOracle("oracle", 2);
  ExpectFailure(resumed(), "out/runs/BASE/seed-1-0 was made with another oracle file");
  WriteOracle("oracle", 1);
  ExpectSuccess(resumed());
  ASSERT_TRUE(files_.Remove(Path("oracle")).ok());  // scores hold its truth: it is not needed again
  ExpectSuccess(resumed());
}

TEST_F(CompareTest, WhatIsEvaluatedBesideTheScoresTrainsNothingAgain) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "out")));
  EXPECT_NE(Read("out/table.md").find("NDCG@10"), std::string::npos);
  const test::Finished again =
      Run(0, Compare(config, "out",
                     {"--resume", "--set", "k=3", "--set", "train.evaluate.k=2", "--set",
                      "train.evaluate.every_steps=1"}));
  ExpectSuccess(again);
  EXPECT_NE(again.errors.find("4 of 4 runs are done already"), std::string::npos) << again.errors;
  EXPECT_NE(Read("out/table.md").find("Recall@3"), std::string::npos);
  EXPECT_EQ(Read("out/table.md").find("@10"), std::string::npos);
}

TEST_F(CompareTest, ADirectoryInUseAndAnotherConfigurationAreRefused) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "out", {"--seeds", "1"})));
  ExpectFailure(Run(0, Compare(config, "out")), "--resume");
  for (const uint32_t ranks : {0u, 2u}) {
    ExpectFailure(
        Run(ranks, Compare(config, "out", {"--resume", "--set", "train.step.grain_rows=8"})),
        "step.grain_rows: 16 | 8");
  }
  // More seeds, other threads, fewer methods are no other configuration.
  ExpectSuccess(Run(0, Compare(config, "out",
                               {"--resume", "--methods", "BASE", "--set", "train.compute.threads=2",
                                "--set", "train.compute.reader_threads=2"})));
  EXPECT_NE(Read("out/results.jsonl").find("\"seed\":\"2\""), std::string::npos);
}

TEST_F(CompareTest, ADirectoryInWhichAnotherComparisonWorksIsRefused) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "out", {"--seeds", "1"})));
  {
    const auto other = LockFolder(files_, Path("out"));
    ASSERT_TRUE(other.ok()) << other.status().ToString();
    for (const uint32_t ranks : {0u, 2u}) {
      ExpectFailure(Run(ranks, Compare(config, "out", {"--resume"})),
                    "out: another process writes here, and one may at a time (held by process");
    }
  }
  ExpectSuccess(Run(0, Compare(config, "out", {"--resume"})));
  ExpectFailure(Run(2, Compare(config, "out", {"--report-only"})), "without mpirun");
}

TEST_F(CompareTest, ASelectionTrainsLessAndShowsAllThatIsFinished) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "out", {"--methods", "BASE", "--seeds", "3"})));
  EXPECT_EQ(Read("out/table.md").find("| ESMM"), std::string::npos);
  const test::Finished rest = Run(0, Compare(config, "out", {"--resume"}));
  ExpectSuccess(rest);
  EXPECT_NE(rest.errors.find("2 of 4 runs are done already"), std::string::npos) << rest.errors;
  const char* const outputs[] = {"compare.textproto", "results.jsonl", "table.md", "report.html"};
  std::vector<std::string> full;
  for (const char* output : outputs) full.push_back(Read(StrCat("out/", output)));
  EXPECT_NE(full[2].find("5 of 6 runs are finished"), std::string::npos) << full[2];
  EXPECT_NE(full[2].find("| ESMM (2 of 3 seeds) |"), std::string::npos) << full[2];
  const std::vector<std::vector<std::string>> selections = {
      {"--resume", "--seeds", "1", "--methods", "BASE, ESMM"},
      {"--resume", "--folds", "1"},
      {"--report-only"}};
  for (const std::vector<std::string>& selection : selections) {
    ExpectSuccess(Run(0, Compare(config, "out", selection)));
    for (size_t i = 0; i < full.size(); ++i) {
      EXPECT_EQ(Read(StrCat("out/", outputs[i])), full[i]) << outputs[i];
    }
  }
  EXPECT_EQ(Run(0, Compare(config, "out", {"--report-only", "--seeds", "1"})).code, 2);
}

TEST_F(CompareTest, ATestLogThatWouldCountTwiceIsRefused) {
  const auto data = [&](const char* name, const char* train, const char* test) {
    return StrCat("data { name: \"", name, "\" train: \"", Path(train), "\" test: \"", Path(test),
                  "\" }\n");
  };
  ExpectFailure(Run(0, Compare(WriteConfig("twice", data("b", "train", "test")), "twice")),
                "are one log: its exposures would count twice");
  const test::Finished leak =
      Run(0, Compare(WriteConfig("leak", data("b", "train", "train")), "leak"));
  ExpectFailure(leak, "are one log: a method would be tested on what it was trained on");
  EXPECT_NE(leak.errors.find("leak.textproto"), std::string::npos) << leak.errors;
  EXPECT_FALSE(files_.Exists(Path("leak")));
}

TEST_F(CompareTest, WhatALaterRunLacksIsNamedBeforeTheFirstOneTrains) {
  WriteJobLog(files_, Path("more"), RichSchema(), 90, 5);
  worker::LogSchema other = RichSchema();
  other.slots[0].name = "elsewhere";
  WriteJobLog(files_, Path("other"), other, 90, 5);
  WriteOracle("oracle", 1);  // of the log "test"
  const auto data = [&](const std::string& test, const std::string& more) {
    return StrCat("data { name: \"b\" train: \"", Path("train"), "\" test: \"", Path(test), "\" ",
                  more, " }\n");
  };
  const std::string oracle = StrCat("oracle: \"", Path("gone"), "\"");
  const std::string others = StrCat("oracle: \"", Path("oracle"), "\"");
  const struct {
    std::string config, error;
  } cases[] = {{data("gone", ""), "data \"b\": test (expected: a log to evaluate on)"},
               {data("other", ""), "data \"b\": test (expected: a log with the slots of"},
               {data("more", oracle), "data \"b\": oracle (expected: the oracle file"},
               {data("more", others), "tells the truth of another log"},
               {data("more", "") + "field: \"nowhere\"", "no slot \"nowhere\""}};
  for (const auto& [config, error] : cases) {
    const test::Finished refused = Run(0, Compare(WriteConfig("late", config), "late"));
    ExpectFailure(refused, error);
    EXPECT_NE(refused.errors.find("late.textproto: data "), std::string::npos) << refused.errors;
    EXPECT_FALSE(files_.Exists(Path("late/runs"))) << error;
    ASSERT_TRUE(files_.RemoveRecursively(Path("late")).ok());
  }
}

TEST_F(CompareTest, ADirectoryOfSomethingElseIsLeftAlone) {
  const std::string config = WriteConfig("two");
  ASSERT_TRUE(files_.CreateDirectories(Path("mine")).ok());
  ASSERT_TRUE(ReplaceFile(files_, Path("mine/table.md"), "notes").ok());
  ExpectFailure(Run(0, Compare(config, "mine", {"--resume"})), "holds something else than runs");
  EXPECT_EQ(Read("mine/table.md"), "notes");
  ExpectFailure(Run(0, Command("report", {Path("mine")})), "mine/metrics.jsonl");
  ASSERT_TRUE(ReplaceFile(files_, Path("mine/metrics.jsonl"), "{\"step\":\"1\"}\n").ok());
  ExpectFailure(Run(0, Command("report", {Path("mine")})), "nothing to draw");
  EXPECT_FALSE(files_.Exists(Path("mine/report.html")));
}

TEST_F(CompareTest, AForeignFileWhereATableIsToStandIsRefusedBeforeTraining) {
  const std::string config = WriteConfig("two");
  ExpectSuccess(Run(0, Compare(config, "out", {"--seeds", "1"})));
  for (const char* name : {"compare.textproto", "results.jsonl", "table.md", "report.html"}) {
    const std::string path = StrCat("out/", name), ours = Read(path);
    // By hand, with a remark: what it says besides would be lost.
    const std::string foreign = name == std::string("compare.textproto")
                                    ? "# do not touch\n" + ours
                                    : "{\"method\":\"mine\"}\n";
    ASSERT_TRUE(ReplaceFile(files_, Path(path), foreign).ok());
    for (const char* how : {"--resume", "--report-only"}) {
      const test::Finished refused = Run(0, Compare(config, "out", {how}));
      ExpectFailure(
          refused, Path(path) + " is there and is nothing that a comparison of this version wrote");
      EXPECT_EQ(refused.errors.find("begins"), std::string::npos) << refused.errors;
    }
    EXPECT_EQ(Read(path), foreign);
    EXPECT_FALSE(files_.Exists(Path("out/runs/BASE/seed-2-0")));
    ASSERT_TRUE(ReplaceFile(files_, Path(path), ours).ok());
  }
  ExpectSuccess(Run(0, Compare(config, "out", {"--report-only"})));
}

TEST_F(CompareTest, FoldsAndSelectionsSayWhatIsWrong) {
  const std::string config = WriteConfig("two");
  ExpectFailure(Run(0, Compare(config, "out", {"--methods", "NISE"})), "\"NISE\" is not a method");
  ExpectFailure(Run(0, Compare(config, "out", {"--folds", "3"})), "--folds 3");
  const std::pair<const char*, const char*> wrong[] = {
      {"--seeds", "0"}, {"--seeds", "-1"}, {"--folds", "0"}};
  for (const auto& [option, value] : wrong) {
    const test::Finished refused = Run(0, Compare(config, "out", {option, value}));
    EXPECT_EQ(refused.code, 2);  // wrong usage
    EXPECT_NE(refused.errors.find(StrCat(option, ": found ", value)), std::string::npos);
  }
  ExpectFailure(Run(0, Compare(config, "out", {"--report-only"})), "no run is finished");
  ExpectFailure(Run(0, Compare(Path("nowhere"), "out")), "nowhere");
  ExpectFailure(Run(0, Command("report", {Path("nowhere")})), "nowhere");
}

}  // namespace
}  // namespace chorus::e2e
