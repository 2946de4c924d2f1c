#include "worker/train/event_file.h"

#include <gmock/gmock.h>

#include <map>
#include <vector>

#include "common/record_frame.h"
#include "tests/support/faulty_files.h"
#include "worker/train/report_numbers.h"
#include "worker/train/tensorboard.pb.h"

namespace chorus::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Report StepReportOf(uint64_t step, double loss) {
  Report report;
  report.set_step(step);
  report.mutable_progress()->set_loss(loss);
  report.mutable_progress()->set_exposures_per_second(1000);
  TermLoss* term = report.mutable_progress()->add_term();
  term->set_name("ctr");
  term->set_sum(6);
  term->set_denominator(4);
  term = report.mutable_progress()->add_term();
  term->set_name("cvr");  // of a step without a click
  return report;
}

std::vector<tensorboard::Event> EventsOf(std::string_view bytes) {
  std::vector<tensorboard::Event> events;
  while (!bytes.empty()) {
    EXPECT_TRUE(BeginsRecord(bytes));
    const uint64_t size = LittleEndian<uint64_t>(bytes);
    const std::string_view record = bytes.substr(kRecordHead, size);
    EXPECT_EQ(MaskedCrc32c(record), LittleEndian<uint32_t>(bytes.substr(kRecordHead + size)));
    EXPECT_TRUE(events.emplace_back().ParseFromString(std::string(record)));
    bytes.remove_prefix(kRecordHead + size + kRecordTail);
  }
  return events;
}

// By name, as TensorBoard reads them.
std::vector<std::vector<tensorboard::Event>> FilesOf(FileSystem& files) {
  std::vector<std::vector<tensorboard::Event>> all;
  const std::vector<std::string> names = *files.List("board");
  for (const std::string& name : names) {
    if (name.starts_with("events.")) {
      all.push_back(EventsOf(*ReadWholeFile(files, "board/" + name)));
    }
  }
  return all;
}

void WriteRun(FileSystem& files, uint64_t done, uint64_t last) {
  const auto events = EventFile::Open(files, "board", done);
  ASSERT_TRUE(events.ok()) << events.status().ToString();
  for (uint64_t step = done + 1; step <= last; ++step) (*events)->Write(StepReportOf(step, 0.5));
  (*events)->Close();
}

TEST(ReportNumbersTest, AStepHasItsLossesAndItsRate) {
  std::vector<std::pair<std::string, double>> found;
  for (const ReportNumber& number : NumbersOf(StepReportOf(7, 0.25))) {
    found.emplace_back(number.path(), number.value);
  }
  EXPECT_THAT(found, ElementsAre(Pair("train/loss", 0.25), Pair("train/ctr/loss", 1.5),
                                 Pair("train/exposures_per_second", 1000)));
}

TEST(ReportNumbersTest, AnEvaluationHasEveryMetricThatHasAValue) {
  Report report;
  TaskMetrics* task = report.mutable_evaluation()->add_task();
  task->set_task("cvr");
  task->set_auc(0.75);
  task->set_auc_error_bound(0.001);
  task->set_pcoc(0);
  OracleMetrics* oracle = report.mutable_evaluation()->add_oracle();
  oracle->set_space("D");
  oracle->set_kl(0.5);
  RankingMetrics* ranking = report.mutable_evaluation()->add_ranking();
  ranking->set_k(10);
  ranking->set_ndcg(0.25);
  std::map<std::string, double> found;
  for (const ReportNumber& number : NumbersOf(report)) found[number.path()] = number.value;
  EXPECT_THAT(found, ElementsAre(Pair("evaluate/D/kl", 0.5), Pair("evaluate/cvr/auc", 0.75),
                                 Pair("evaluate/cvr/pcoc", 0), Pair("evaluate/top10/ndcg", 0.25)));
}

TEST(EventFileTest, AFileHasItsVersionItsStartAndTheReports) {
  const auto files = NewMemoryFiles();
  WriteRun(*files, 0, 2);
  const auto all = FilesOf(*files);
  ASSERT_EQ(all.size(), 1u);
  ASSERT_EQ(all[0].size(), 4u);
  EXPECT_EQ(all[0][0].file_version(), "brain.Event:2");
  EXPECT_EQ(all[0][1].session_log().status(), tensorboard::SessionLog::START);
  EXPECT_EQ(all[0][1].step(), 0);
  EXPECT_EQ(all[0][3].step(), 2);
  EXPECT_EQ(all[0][3].summary().value(0).tag(), "train/loss");
  EXPECT_EQ(all[0][3].summary().value(0).simple_value(), 0.5f);
}

TEST(EventFileTest, AResumedRunVoidsWhatFollowsItsCheckpointAndComesLast) {
  const auto files = NewMemoryFiles();
  WriteRun(*files, 0, 9);
  WriteRun(*files, 4, 6);
  WriteRun(*files, 5, 6);
  const auto all = FilesOf(*files);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0][1].step(), 0);
  EXPECT_EQ(all[1][1].step(), 5);
  EXPECT_EQ(all[2][1].step(), 6);
}

// The write of the first report fails half-way: nothing follows what it left.
TEST(EventFileTest, ADiskThatFailsEndsTheFileAndNotTheRun) {
  const auto whole = NewMemoryFiles();
  WriteRun(*whole, 0, 1);
  const auto broken = NewMemoryFiles();
  WriteRun(*NewFaultyFiles(*broken, {.failing_write = 2, .write_half_first = true}), 0, 3);
  const auto bytes_of = [](FileSystem& files) {
    return ReadWholeFile(files, "board/" + files.List("board")->back())->size();
  };
  EXPECT_LT(bytes_of(*broken), bytes_of(*whole));
  EXPECT_GT(bytes_of(*broken), bytes_of(*whole) / 4);
}

TEST(EventFileTest, AFolderThatCannotBeReadNamesTheField) {
  const auto files = NewMemoryFiles();
  EXPECT_THAT(EventFile::Open(*NewFaultyFiles(*files, {.failing_lists = true}), "board", 0)
                  .status()
                  .ToString(),
              HasSubstr("report.tensorboard: board"));
}

TEST(EventFileTest, WithoutAFolderReportsAreDropped) {
  const auto files = NewMemoryFiles();
  const auto events = EventFile::Open(*files, "", 0);
  ASSERT_TRUE(events.ok());
  (*events)->Write(StepReportOf(1, 0.5));
  (*events)->Close();
  EXPECT_TRUE(!files->List("board").ok() || files->List("board")->empty());
}

}  // namespace
}  // namespace chorus::worker
