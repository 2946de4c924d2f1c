#include "launch/report/html.h"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>

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

// Where each text of a picture begins and ends, about, by its anchor: none is off the picture.
void ExpectTextsInside(const std::string& svg) {
  constexpr double kLetterPixels = 6;
  std::smatch found;
  ASSERT_TRUE(std::regex_search(svg, found, std::regex("<svg role=\"img\" width=\"(\\d+)\"")));
  const double width = std::stod(found[1]);
  ASSERT_TRUE(std::regex_search(svg, found, std::regex("translate\\((\\d+)")));
  const double left = std::stod(found[1]);
  const std::regex text(
      "<text x=\"([-0-9.]+)\" y=\"[-0-9.]+\" text-anchor=\"(\\w+)\"[^>]*>([^<]*)<");
  bool is_title = true;  // it is outside the translated group
  for (std::sregex_iterator at(svg.begin(), svg.end(), text), end; at != end; ++at) {
    const double pixels = kLetterPixels * static_cast<double>((*at)[3].length());
    const double share = (*at)[2] == "start" ? 0 : (*at)[2] == "middle" ? 0.5 : 1;
    const double begin = std::stod((*at)[1]) + (is_title ? 0 : left) - share * pixels;
    EXPECT_GE(begin, 0) << (*at)[3] << "\n" << svg;
    EXPECT_LE(begin + pixels, width) << (*at)[3] << "\n" << svg;
    is_title = false;
  }
}

TEST(PanelTest, NoLabelIsCut) {
  Panel wide("a title that is much longer than the picture's frame is wide, on purpose", "",
             Axis::Range("a label below that is longer than the frame, which is small",
                         Axis::Scale::kLinear, 0, 0.00004),
             Axis::Range("and a name of the other axis", Axis::Scale::kLinear, -0.00000004, 0));
  wide.Size(100, 50);
  ExpectTextsInside(wide.Svg());
  Panel rows("t", "", Axis::Range("", Axis::Scale::kLinear, -1234567, 0),
             Axis::Range("", Axis::Scale::kLinear, 0, 1));
  rows.Rows({"A_METHOD_WITH_A_NAME_OF_FORTY_LETTERS_OR_MORE"});
  ExpectTextsInside(rows.Svg());
}

TEST(FiguresTest, IntervalsStayInsideTheirAxes) {
  PcocBucket bucket;
  bucket.set_mean_pctr(0.03);
  bucket.set_pcoc(150);
  bucket.set_pcoc_low(0.001);
  bucket.set_pcoc_high(5000);
  const PcocRange range = RangeOf(std::vector<PcocBucket>{bucket});
  EXPECT_LE(range.low, 0.001);
  EXPECT_GE(range.high, 5000);
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
  reports.back().add_doubt("cvr: normalised entropy 1.2: no <better>");
  RunHead head;
  head.set_method("ESMM");
  head.set_config("seed: 7\n");
  head.add_log("shop/train");
  head.set_exposures(5000);
  head.set_steps(2);
  head.add_test_log("shop/test");
  head.set_began("2026-03-01 09:30 UTC");
  const std::string page = RunPage("a&b", head, reports);
  EXPECT_EQ(WhatIsUnbalanced(page), "");
  for (const char* part :
       {"a&amp;b", ">Loss<", ">Calibration<", ">PCOC by pCTR<", "</b> ESMM<", "seed: 7",
        "shop/train: 5000 exposures", "shop/test", "2026-03-01 09:30 UTC", ">Doubtful<",
        "1.2: no &lt;better&gt;", "only 2 steps"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  const std::string risen = RunPage("risen", {}, {StepOf(1, 0, 1), StepOf(200, 0, 3.5)});
  EXPECT_NE(risen.find("the loss has grown from 1 to 3.5"), std::string::npos);
  std::vector<Report> told = {StepOf(100, 0, 90), StepOf(200, 0, 900)};
  told[0].add_doubt("the loss has grown from 1 to 90: lower it");
  const std::string noted = RunPage("noted", {}, told);
  EXPECT_NE(noted.find("from 1 to 90"), std::string::npos);
  EXPECT_EQ(noted.find("from 90 to 900"), std::string::npos);
  const std::string bare = RunPage("bare", {}, {StepOf(100, 0, 1)});
  EXPECT_EQ(bare.find("Doubtful"), std::string::npos);
  EXPECT_NE(bare.find("is not known"), std::string::npos);
}

}  // namespace
}  // namespace chorus::launch
