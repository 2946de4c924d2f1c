#include "launch/report/report_log.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

TEST(ReportLogTest, ReadsADirectoryOrItsFileWithoutATornLastLine) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(ReplaceFile(*files, "run/metrics.jsonl",
                          "{\"step\":\"1\",\"progress\":{\"loss\":2}}\n"
                          "{\"step\":\"2\",\"evaluation\":{\"rows\":\"7\"}}\n{\"step\":")
                  .ok());
  for (const char* path : {"run", "run/metrics.jsonl"}) {
    testing::internal::CaptureStderr();
    const auto reports = ReadReports(*files, path);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("run/metrics.jsonl:3: has no end and is passed over"), std::string::npos)
        << log;
    ASSERT_TRUE(reports.ok()) << reports.status().ToString();
    ASSERT_EQ(reports->size(), 2u);
    EXPECT_EQ((*reports)[0].progress().loss(), 2);
    EXPECT_EQ(LastEvaluation(*reports)->rows(), 7u);
  }
}

TEST(ReportLogTest, NamesTheFileAndTheLineOfWhatIsNoReport) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(ReplaceFile(*files, "run/metrics.jsonl", "{\"step\":\"1\"}\nhello\n").ok());
  const Status status = ReadReports(*files, "run").status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.message().find("run/metrics.jsonl:2"), std::string::npos) << status.message();
  EXPECT_EQ(status.message().find_first_of("\n^"), std::string::npos) << status.message();
  ASSERT_TRUE(ReplaceFile(*files, "rows.csv", "click,sale\n1,0\n").ok());
  const Status text = ReadReports(*files, "rows.csv").status();
  EXPECT_EQ(text.message(),
            "rows.csv:1: is no report of a training run: give the run's directory, or the file "
            "that its report.metrics names (metrics.jsonl)");
  EXPECT_EQ(ReadReports(*files, "nowhere").status().code(), Code::kNotFound);
  ASSERT_TRUE(ReplaceFile(*files, "empty/metrics.jsonl", "").ok());
  EXPECT_EQ(ReadReports(*files, "empty").status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace chorus::launch
