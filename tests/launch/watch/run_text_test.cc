// What a run's view says, line by line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/strings.h"
#include "launch/watch/run_view.h"

namespace chorus::launch {
namespace {

using testing::HasSubstr;
using testing::Not;

RankView Page(double received, double compute) {
  const std::string labels = "{rank=\"0\",role=\"server 0\",node=\"n\"";
  return RankViewOf("n:9400", "chorus_step" + labels + "} 5\n" + "chorus_step_seconds_total" +
                                  labels + ",part=\"read\"} 1\n" + "chorus_step_seconds_total" +
                                  labels + ",part=\"compute\"} " + std::to_string(compute) + "\n" +
                                  "chorus_server_requests_total" + labels + ",server=\"0\"} 10\n" +
                                  "chorus_server_received_bytes_total" + labels +
                                  ",server=\"0\"} " + std::to_string(received) + "\n");
}

RunView Running() {
  RunView view;
  view.title = "run/metrics.jsonl";
  view.head.set_method("ESMM");
  view.head.set_steps(400);
  Report report;
  report.set_step(100);
  report.set_seconds(61);
  report.mutable_progress()->set_loss(0.5);
  report.mutable_progress()->set_exposures_per_second(2000);
  report.mutable_progress()->set_seconds_left(30);
  TermLoss* const term = report.mutable_progress()->add_term();
  term->set_name("ctr");
  term->set_sum(3);
  term->set_denominator(12);
  report.mutable_progress()->add_term()->set_name("cvr");  // of a space without a row
  view.progress = report;
  return view;
}

TEST(RunTextTest, SaysWhereTheRunIs) {
  const std::string text = RunText(Running());
  EXPECT_THAT(text, HasSubstr("run/metrics.jsonl, ESMM\n"));
  EXPECT_THAT(text, HasSubstr("100 of 400 (25.0 %), epoch 1, 61 s so far, about 30 s left\n"));
  EXPECT_THAT(text, HasSubstr("2000 exposures/s\n"));
  EXPECT_THAT(text, HasSubstr("0.500000; ctr 0.250000\n"));
  EXPECT_THAT(text, Not(HasSubstr("cvr")));
}

TEST(RunTextTest, GivesTimesAndTrafficSinceTheViewBefore) {
  RunView view = Running();
  view.ranks = {Page(3e6, 9)};
  EXPECT_THAT(RunText(view), HasSubstr("server 0: compute 90 % read 10 %\n"));
  EXPECT_THAT(RunText(view), HasSubstr("received 3.00 MB in 10 frames"));
  view.before = {Page(1e6, 5)};
  view.seconds_between = 2;
  EXPECT_THAT(RunText(view), HasSubstr("server 0: compute 100 % read 0 %\n"));
  EXPECT_THAT(RunText(view), HasSubstr("receives 1.00 MB/s in 0"));
}

TEST(RunTextTest, NamesWhoDoesNotAnswerAndWhatHasEnded) {
  RunView view = Running();
  view.ranks = {RankViewOf("n:9401", Unavailable("n:9401 does not answer (refused)"))};
  view.line_age = 95;
  view.stale = true;
  EXPECT_THAT(RunText(view), HasSubstr("n:9401 does not answer (refused)\n"));
  EXPECT_THAT(RunText(view), HasSubstr("no line for 95 s"));
  view.ended = "the run has done its last step, 400";
  EXPECT_THAT(RunText(view), HasSubstr("the run has done its last step, 400\n"));
  EXPECT_THAT(RunText(view), Not(HasSubstr("left")));
}

TEST(RunTextTest, APageOfAnotherProgramIsNoRank) {
  EXPECT_EQ(RankViewOf("n:80", std::string("up 1\n")).error, "n:80 shows no rank of a run");
}

TEST(RunTextTest, NumbersThatCountNothingAreShownAsTheNearestCounts) {
  for (const char* const number : {"-1", "1e300"}) {
    RunView view;
    view.ranks = {RankViewOf(
        "n:9400", StrCat("chorus_step{rank=\"0\",role=\"worker\",node=\"n\"} ", number, "\n"))};
    const std::string step = number == std::string("1e300") ? "9007199254740992" : "0";
    EXPECT_THAT(RunText(view), HasSubstr("step " + step)) << number;
  }
}

}  // namespace
}  // namespace chorus::launch
