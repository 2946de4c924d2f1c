#include "launch/report/write_page.h"

#include <gtest/gtest.h>

#include "launch/report/html.h"
#include "launch/report/report_log.h"

namespace chorus::launch {
namespace {

TEST(WritePageTest, ReplacesAnEarlierPageAndNothingElse) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(WritePage(*files, "a/report.html", Page("first", "")).ok());
  ASSERT_TRUE(WritePage(*files, "a/report.html", Page("second", "")).ok());
  EXPECT_EQ(*ReadWholeFile(*files, "a/report.html"), Page("second", ""));
  for (const std::string other : {"<!DOCTYPE html>\n<html>mine</html>\n", "notes"}) {
    ASSERT_TRUE(ReplaceFile(*files, "a/mine.html", other).ok());
    const Status status = WritePage(*files, "a/mine.html", Page("t", ""));
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    EXPECT_NE(status.message().find("a/mine.html is there"), std::string::npos);
    EXPECT_EQ(*ReadWholeFile(*files, "a/mine.html"), other);
  }
}

TEST(ReportLogTest, ThereIsSomethingToDrawFromAStepOrAnEvaluationOn) {
  std::vector<Report> reports(2);
  EXPECT_FALSE(HasAnythingToDraw(reports));
  reports[1].mutable_progress()->set_loss(0);
  EXPECT_TRUE(HasAnythingToDraw(reports));
  reports[1].mutable_evaluation();
  EXPECT_TRUE(HasAnythingToDraw(reports));
}

}  // namespace
}  // namespace chorus::launch
