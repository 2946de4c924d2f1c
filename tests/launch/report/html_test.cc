#include "launch/report/html.h"

#include <gtest/gtest.h>

#include <cmath>

#include "launch/report/figures.h"
#include "launch/report/panel.h"
#include "launch/report/run_page.h"
#include "tests/launch/report/well_formed.h"

namespace chorus::launch {
namespace {

TEST(HtmlTest, MarkupInTextIsText) {
  EXPECT_EQ(Escape("a<b & \"c\" > d"), "a&lt;b &amp; &quot;c&quot; &gt; d");
  EXPECT_EQ(WhatIsUnbalanced(Page("<script>", Element("p", "</p>"))), "");
}

TEST(HtmlTest, APageNeedsNothingFromElsewhere) {
  const std::string page = Page("title", "");
  for (const char* word : {"<script", "href=", "src=", "url(", "@import"}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
  EXPECT_NE(page.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_NE(page.find("@media print"), std::string::npos);
}

TEST(PanelTest, APictureHasATitleADescriptionAndItsMarksInside) {
  Panel panel("PCOC <1", "what it shows", Axis::Range("x", Axis::Scale::kLinear, 0, 10),
              Axis::Range("y", Axis::Scale::kLinear, 0, 1));
  panel.Size(100, 50);
  panel.Dot({5, 1}, "main");
  panel.Dot({1000, -7}, "other");  // moved to the corner
  panel.IntervalY(5, 0.25, 0.75, "main");
  const std::string svg = panel.Svg();
  EXPECT_EQ(WhatIsUnbalanced(svg), "");
  EXPECT_NE(svg.find("<title>PCOC &lt;1: y</title>"), std::string::npos) << svg;
  EXPECT_NE(svg.find("<desc>what it shows</desc>"), std::string::npos);
  EXPECT_NE(svg.find("cx=\"50.0\" cy=\"0.0\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("cx=\"100.0\" cy=\"50.0\""), std::string::npos) << svg;
}

TEST(PanelTest, WhatIsNoFiniteNumberIsAGap) {
  Panel panel("loss", "", Axis::Range("x", Axis::Scale::kLinear, 0, 10),
              Axis::Range("y", Axis::Scale::kLinear, 0, 1));
  panel.Line({{0, NAN}, {1, 0.5}, {2, 0.25}, {3, INFINITY}, {4, -INFINITY}, {5, 0.5}, {6, 0.5}},
             "main");
  panel.Dot({7, NAN}, "main");
  panel.IntervalY(8, 0.5, NAN, "main");
  panel.IntervalY(9, 0.5, INFINITY, "main");
  const std::string svg = panel.Svg();
  EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
  EXPECT_EQ(svg.find("inf"), std::string::npos) << svg;
  const auto count = [&](const std::string& mark) {
    size_t marks = 0;
    for (size_t at = svg.find(mark); at != std::string::npos; at = svg.find(mark, at + 1)) ++marks;
    return marks;
  };
  EXPECT_EQ(count("<polyline"), 2u) << svg;
  EXPECT_EQ(count("<circle"), 0u) << svg;
  EXPECT_EQ(count("whisker"), 1u) << svg;
}

Report StepOf(uint64_t step, uint32_t stage, double loss) {
  Report report;
  report.set_step(step);
  report.set_stage(stage);
  report.mutable_progress()->set_loss(loss);
  TermLoss* term = report.mutable_progress()->add_term();
  term->set_name("ctr");
  term->set_sum(6);
  term->set_denominator(3);
  term->set_weight(0.5);
  return report;
}

TEST(FiguresTest, AStageIsACurveOfItsOwn) {
  const std::vector<Report> reports = {StepOf(1, 0, 3), StepOf(2, 0, 2), StepOf(3, 1, 9)};
  const std::vector<Curve> curves = LossCurves(reports, "main");
  ASSERT_EQ(curves.size(), 2u);
  EXPECT_EQ(curves[0].points.size(), 2u);
  EXPECT_EQ(curves[1].points[0].y, 9);
  EXPECT_EQ(TermCurves(reports, "ctr", "main")[0].points[0].y, 1);  // 0.5 * 6 / 3
  EXPECT_TRUE(TermCurves(reports, "cvr", "main").empty());
}

TEST(RunPageTest, ShowsLossesCalibrationAndPcoc) {
  std::vector<Report> reports = {StepOf(1, 0, 3), StepOf(2, 0, 2)};
  Evaluation* evaluation = reports.emplace_back().mutable_evaluation();
  reports.back().set_step(2);
  TaskMetrics* task = evaluation->add_task();
  task->set_task("cvr");
  for (const double p : {0.01, 0.2}) {
    CalibrationBin* bin = task->add_calibration();
    bin->set_rows(100);
    bin->set_mean_prediction(p);
    bin->set_labels(100 * p);
  }
  PcocBucket* bucket = evaluation->add_pcoc_bucket();
  bucket->set_mean_pctr(0.03);
  bucket->set_pcoc(1.5);
  bucket->set_pcoc_low(1.2);
  bucket->set_pcoc_high(1.9);
  const std::string page = RunPage("a&b", reports);
  EXPECT_EQ(WhatIsUnbalanced(page), "");
  for (const char* heading : {"a&amp;b", ">Loss<", ">Calibration<", ">PCOC by pCTR<"}) {
    EXPECT_NE(page.find(heading), std::string::npos) << heading;
  }
}

}  // namespace
}  // namespace chorus::launch
