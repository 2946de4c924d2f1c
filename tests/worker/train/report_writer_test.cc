#include "worker/train/report_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>

#include <cstdlib>

#include "tests/support/faulty_files.h"

namespace chorus::worker {
namespace {

Report ReportOf(uint64_t step) {
  Report report;
  report.set_step(step);
  report.mutable_progress()->set_loss(0.1 * static_cast<double>(step));
  return report;
}

// Writes reports of steps first .. last, continuing after `resumed`.
void WriteSteps(FileSystem& files, uint64_t resumed, uint64_t first, uint64_t last) {
  auto writer = ReportWriter::Open(files, "out/metrics.jsonl", resumed);
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  for (uint64_t step = first; step <= last; ++step) {
    ASSERT_TRUE((*writer)->Write(ReportOf(step)).ok());
  }
  (*writer)->Close();
}

std::string Text(FileSystem& files) { return *ReadWholeFile(files, "out/metrics.jsonl"); }

TEST(ReportWriterTest, AResumedRunReadsAsIfNothingHadHappened) {
  const auto whole = NewMemoryFiles();
  WriteSteps(*whole, 0, 1, 9);
  const auto resumed = NewMemoryFiles();
  WriteSteps(*resumed, 0, 1, 7);
  WriteSteps(*resumed, 4, 5, 9);  // the run had reported more than its last checkpoint holds
  EXPECT_EQ(Text(*resumed), Text(*whole));
}

// A rank that outlives its job, and whose lock was lost (files in memory have none).
TEST(ReportWriterTest, WhoStillWritesAReplacedFileWritesNothingInTheNewOne) {
  const auto files = NewMemoryFiles();
  const auto old = ReportWriter::Open(*files, "out/metrics.jsonl", 0);
  ASSERT_TRUE(old.ok());
  ASSERT_TRUE((*old)->Write(ReportOf(1)).ok());
  WriteSteps(*files, 1, 2, 3);
  const std::string text = Text(*files);
  ASSERT_TRUE((*old)->Write(ReportOf(2)).ok());
  EXPECT_EQ(Text(*files), text);
  EXPECT_EQ(*files->List("out"), std::vector<std::string>{"metrics.jsonl"});
}

TEST(ReportWriterTest, ZerosAreWrittenAndUndefinedValuesAreNot) {
  const auto files = NewMemoryFiles();
  auto writer = ReportWriter::Open(*files, "out/metrics.jsonl", 0);
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  Report report;
  report.set_step(3);
  report.mutable_evaluation()->add_task()->set_ece(0);
  ASSERT_TRUE((*writer)->Write(report).ok());
  (*writer)->Close();
  for (const char* written : {R"("stage":0)", R"("positives":"0")", R"("ks_error_bound":0)",
                              R"("ece":0)", R"("pcvr_above_one":"0")"}) {
    EXPECT_NE(Text(*files).find(written), std::string::npos) << written << " in " << Text(*files);
  }
  EXPECT_EQ(Text(*files).find(R"("auc")"), std::string::npos) << Text(*files);
}

TEST(ReportWriterTest, ATornLastLineIsDropped) {
  const auto whole = NewMemoryFiles();
  WriteSteps(*whole, 0, 1, 5);
  const std::string text = Text(*whole);
  const size_t last_line = text.rfind('\n', text.size() - 2) + 1;
  for (size_t size = last_line; size < text.size(); ++size) {
    const auto torn = NewMemoryFiles();
    ASSERT_TRUE(ReplaceFile(*torn, "out/metrics.jsonl", text.substr(0, size)).ok());
    WriteSteps(*torn, 4, 5, 5);
    EXPECT_EQ(Text(*torn), text) << "cut at " << size;
  }
}

// What a loss of power leaves of lines that were not synced.
TEST(ReportWriterTest, LinesThatTheDiskDidNotWriteAreDropped) {
  const auto whole = NewMemoryFiles();
  WriteSteps(*whole, 0, 1, 6);
  const std::string text = Text(*whole);
  size_t synced = 0;  // the lines of three steps
  for (int line = 0; line < 3; ++line) synced = text.find('\n', synced) + 1;
  for (size_t begin = synced; begin < text.size(); begin += 7) {
    for (const size_t end : {std::min(begin + 50, text.size()), text.size()}) {
      std::string left = text;
      std::fill(left.begin() + static_cast<ptrdiff_t>(begin),
                left.begin() + static_cast<ptrdiff_t>(end), '\0');
      const auto files = NewMemoryFiles();
      ASSERT_TRUE(ReplaceFile(*files, "out/metrics.jsonl", left).ok());
      WriteSteps(*files, 3, 4, 6);
      EXPECT_EQ(Text(*files), text) << "zeros from " << begin << " to " << end;
    }
  }
}

TEST(ReportWriterTest, ALineThatIsNoReportStopsTheResumedRunAndIsKept) {
  const auto files = NewMemoryFiles();
  WriteSteps(*files, 0, 1, 2);
  const std::string text = Text(*files) + "my own note\n" + Text(*files);
  ASSERT_TRUE(ReplaceFile(*files, "out/metrics.jsonl", text).ok());
  const Status status = ReportWriter::Open(*files, "out/metrics.jsonl", 2).status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.message().find("line 3"), std::string::npos) << status.ToString();
  EXPECT_EQ(Text(*files), text);
}

TEST(ReportWriterTest, APipeIsWrittenInPlace) {
  std::string folder = JoinPath(testing::TempDir(), "reports-XXXXXX");
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = JoinPath(folder, "pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto writer = ReportWriter::Open(PosixFiles(), path, 0);
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  ASSERT_TRUE((*writer)->Write(ReportOf(1)).ok());
  (*writer)->Close();
  char text[256] = {};
  EXPECT_GT(read(reader, text, sizeof(text) - 1), 0);
  EXPECT_NE(std::string(text).find("\"step\":\"1\""), std::string::npos) << text;
  close(reader);
  EXPECT_EQ(PosixFiles().List(folder)->size(), 1u);
  ASSERT_TRUE(PosixFiles().RemoveRecursively(folder).ok());
}

TEST(ReportWriterTest, ANewRunBeginsANewFile) {
  const auto files = NewMemoryFiles();
  WriteSteps(*files, 0, 1, 9);
  WriteSteps(*files, 0, 1, 2);
  const auto expected = NewMemoryFiles();
  WriteSteps(*expected, 0, 1, 2);
  EXPECT_EQ(Text(*files), Text(*expected));
}

TEST(ReportWriterTest, ANewRunSaysWhichRunsReportsItReplaces) {
  const auto files = NewMemoryFiles();
  const auto said = [&](uint64_t resumed) {
    ::testing::internal::CaptureStderr();
    WriteSteps(*files, resumed, resumed + 1, resumed + 3);
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(said(0), "");
  const std::string unknown = said(0);
  EXPECT_NE(unknown.find("out/metrics.jsonl: 3 reports of a run ("), std::string::npos) << unknown;
  const std::string head = R"({"method":"ESMM","began":"2026-03-01 09:30 UTC"})";
  ASSERT_TRUE(ReplaceFile(*files, "out/metrics.jsonl.run", head).ok());
  EXPECT_EQ(said(2), "") << "a run that goes on replaces none";
  const std::string known = said(0);
  EXPECT_NE(known.find("a new run replaces out/metrics.jsonl: 5 reports of ESMM, which began "
                       "2026-03-01 09:30 UTC (--resume goes on"),
            std::string::npos)
      << known;
}

TEST(ReportWriterTest, ANewRunLeavesWhatIsNoFileOfReportsAlone) {
  const auto reports = NewMemoryFiles();
  WriteSteps(*reports, 0, 1, 2);
  for (const std::string& foreign :
       {std::string("my own notes\n"), std::string("notes without an end"), std::string("{}\n"),
        std::string("{\"step\":\"1\"}\n"), std::string("{\"id\": 1}"),
        Text(*reports) + "a remark\n", Text(*reports) + "a remark"}) {
    const auto files = NewMemoryFiles();
    ASSERT_TRUE(ReplaceFile(*files, "out/metrics.jsonl", foreign).ok());
    const Status status = ReportWriter::Open(*files, "out/metrics.jsonl", 0).status();
    EXPECT_EQ(status.code(), Code::kFailedPrecondition) << foreign;
    EXPECT_NE(status.message().find("out/metrics.jsonl: is there and is no file of reports"),
              std::string::npos)
        << status.ToString();
    EXPECT_EQ(Text(*files), foreign);
  }
}

TEST(ReportWriterTest, AnEvaluationThatIsMadeAgainTakesTheOldOnesPlace) {
  const auto files = NewMemoryFiles();
  const auto evaluate = [&](uint64_t resumed, uint64_t rows) {
    auto writer = ReportWriter::Open(*files, "out/metrics.jsonl", resumed, resumed > 0);
    ASSERT_TRUE(writer.ok());
    if (resumed == 0) {
      ASSERT_TRUE((*writer)->Write(ReportOf(2)).ok());
    }
    Report report;
    report.set_step(2);
    report.mutable_evaluation()->set_rows(rows);
    ASSERT_TRUE((*writer)->Write(report).ok());
    (*writer)->Close();
  };
  evaluate(0, 7);
  evaluate(2, 8);
  const std::string text = Text(*files);
  EXPECT_NE(text.find("\"progress\""), std::string::npos) << text;
  EXPECT_EQ(text.find("\"rows\":\"7\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"rows\":\"8\""), std::string::npos) << text;
}

TEST(ReportWriterTest, AResumedRunWithoutAFileBeginsOne) {
  const auto files = NewMemoryFiles();
  WriteSteps(*files, 5, 6, 6);
  EXPECT_NE(Text(*files).find("\"step\":\"6\""), std::string::npos) << Text(*files);
}

TEST(ReportWriterTest, WithoutAPathReportsAreDropped) {
  const auto files = NewMemoryFiles();
  auto writer = ReportWriter::Open(*files, "", 3);
  ASSERT_TRUE(writer.ok());
  EXPECT_TRUE((*writer)->Write(ReportOf(1)).ok());
  (*writer)->Close();
}

TEST(ReportWriterTest, AFullDiskIsAnErrorAndResumingOntoItKeepsTheOldFile) {
  const auto files = NewMemoryFiles();
  WriteSteps(*files, 0, 1, 5);
  const std::string before = Text(*files);
  FaultPlan plan;
  plan.failing_write = 0;
  plan.write_half_first = true;
  const auto full = NewFaultyFiles(*files, plan);
  EXPECT_EQ(ReportWriter::Open(*full, "out/metrics.jsonl", 3).status().code(),
            Code::kResourceExhausted);
  EXPECT_EQ(Text(*files), before);
}

// What was trained is worth more than a line about it; the file can be read back, and resumed onto.
TEST(ReportWriterTest, ADiskThatFailsInTheMiddleEndsTheFileAndNotTheRun) {
  FaultPlan plans[2];
  plans[0].failing_write = 2;  // the first is of the empty file that the run begins with
  plans[0].write_half_first = true;
  plans[1].failing_sync = 1;
  for (const FaultPlan& plan : plans) {
    const auto files = NewMemoryFiles();
    const auto faulty = NewFaultyFiles(*files, plan);
    auto writer = ReportWriter::Open(*faulty, "out/metrics.jsonl", 0);
    ASSERT_TRUE(writer.ok()) << writer.status().ToString();
    ASSERT_TRUE((*writer)->Write(ReportOf(1)).ok());
    const std::string before = Text(*files);
    (*writer)->Sync();
    for (uint64_t step = 2; step <= 4; ++step) EXPECT_TRUE((*writer)->Write(ReportOf(step)).ok());
    (*writer)->Close();
    EXPECT_TRUE(Text(*files).starts_with(before));
    EXPECT_EQ(Text(*files).find("\"step\":\"3\""), std::string::npos);
    WriteSteps(*files, 1, 2, 4);
    EXPECT_NE(Text(*files).find("\"step\":\"4\""), std::string::npos);
  }
}

TEST(ReportWriterTest, AFileThatAnotherRunWritesIsRefused) {
  const std::string path = JoinPath(testing::TempDir(), "metrics-of-two.jsonl");
  auto first = ReportWriter::Open(PosixFiles(), path, 0);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  ASSERT_TRUE((*first)->Write(ReportOf(1)).ok());
  const std::string before = *ReadWholeFile(PosixFiles(), path);
  const Status second = ReportWriter::Open(PosixFiles(), path, 0, false, 0).status();
  EXPECT_EQ(second.code(), Code::kFailedPrecondition) << second.ToString();
  EXPECT_NE(second.message().find("held by process"), std::string::npos) << second.message();
  EXPECT_EQ(*ReadWholeFile(PosixFiles(), path), before);
  (*first)->Close();
  EXPECT_TRUE(ReportWriter::Open(PosixFiles(), path, 0).ok());
  EXPECT_TRUE(PosixFiles().Remove(path).ok());
}

}  // namespace
}  // namespace chorus::worker
