#include "launch/scale/scale_report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/strings.h"
#include "launch/plan/plan_text.h"
#include "launch/report/html.h"
#include "launch/report/panel.h"
#include "launch/report/printed.h"

namespace chorus::launch {
namespace {

constexpr int kPictureWidth = 320, kPictureHeight = 200;

std::string RowOf(const std::vector<std::string>& cells) {
  return StrCat("| ", Join(cells, " | "), " |\n");
}

std::string HeadOf(const std::vector<std::string>& cells) {
  return RowOf(cells) + RowOf(std::vector<std::string>(cells.size(), "---"));
}

std::string NameOfLayout(const ScaleLayout& layout) {
  return StrCat(layout.workers(), " + ", layout.servers());
}

std::string PercentText(double share) { return Printed("%.0f %%", 100 * share); }

std::string IntervalText(double low, double high) {
  return high > low ? Printed(" (%.0f-%.0f)", 100 * low, 100 * high) : "";
}

std::string Signed(double share) { return Printed("%+.0f %%", 100 * share); }

std::string SpeedTable(const std::vector<ScaleLayout>& layouts) {
  std::string out = HeadOf({"workers + servers", "runs", "exposures a step", "step", "planned",
                            "plan is off by", "exposures/s", "efficiency (95 %)", "planned",
                            "bottleneck by the plan", "largest part measured"});
  for (const ScaleLayout& layout : layouts) {
    const double half = layout.step_seconds_high() - layout.step_seconds();
    const std::string step =
        half > 0 ? StrCat(SecondsText(layout.step_seconds()), " \u00b1 ", SecondsText(half))
                 : SecondsText(layout.step_seconds());
    out += RowOf(
        {NameOfLayout(layout), StrCat(layout.runs()), CountText(layout.exposures_per_step()), step,
         SecondsText(layout.planned_step_seconds()),
         Signed(layout.planned_step_seconds() / layout.step_seconds() - 1),
         CountText(layout.exposures_per_second()),
         PercentText(layout.efficiency()) +
             IntervalText(layout.efficiency_low(), layout.efficiency_high()),
         PercentText(layout.planned_efficiency()), layout.bottleneck(), layout.largest_part()});
  }
  return out;
}

std::string PartsTable(const std::vector<ScaleLayout>& layouts) {
  std::vector<std::string> head = {"workers + servers"};
  for (const ScalePart& part : layouts.front().part()) head.push_back(part.name());
  std::string out = HeadOf(head);
  for (const ScaleLayout& layout : layouts) {
    std::vector<std::string> cells = {NameOfLayout(layout)};
    for (const ScalePart& part : layout.part()) {
      cells.push_back(
          StrCat(SecondsText(part.seconds()), " (", SecondsText(part.planned_seconds()), ")"));
    }
    out += RowOf(cells);
  }
  return out;
}

std::string TrafficTable(const std::vector<ScaleLayout>& layouts) {
  std::string out = HeadOf({"workers + servers", "frames", "their bytes", "messages of sums",
                            "their bytes", "as planned", "rows of servers", "canonical bytes"});
  for (const ScaleLayout& layout : layouts) {
    const std::string canonical = layout.canonical().empty() ? "-" : layout.canonical();
    out += RowOf({NameOfLayout(layout), CountText(layout.frames()), ByteText(layout.frame_bytes()),
                  CountText(layout.sum_messages()), ByteText(layout.sum_bytes()),
                  layout.as_planned() ? "exactly" : "NO",
                  ByteText(static_cast<double>(layout.server_memory_bytes())), canonical});
  }
  return out;
}

// A picture of two curves by workers: dots with intervals as measured, a thin line as planned. An
// interval over few runs may be without end: it is cut at twice the highest dot.
struct Series {
  std::vector<Point> measured, planned;
  std::vector<std::pair<double, double>> intervals;  // [measured]
};

std::string Picture(const std::string& title, const std::string& label, const Series& series) {
  std::vector<double> xs, ys = {0};
  double highest = 0;
  for (size_t i = 0; i < series.measured.size(); ++i) {
    xs.push_back(series.measured[i].x);
    highest = std::max({highest, series.measured[i].y, series.planned[i].y});
  }
  ys.push_back(highest);
  std::vector<double> ends;
  for (const auto& interval : series.intervals) {
    ends.push_back(std::min(interval.second, 2 * highest));
    ys.push_back(ends.back());
  }
  Panel panel(title,
              StrCat(title,
                     " by workers: dots as measured with 95 % intervals, the thin "
                     "line as planned"),
              Axis::Fit("workers", Axis::Scale::kLog, xs),
              Axis::Fit(label, Axis::Scale::kLinear, ys));
  panel.Size(kPictureWidth, kPictureHeight);
  panel.Line(series.planned, "third thin");
  panel.Line(series.measured, "main");
  for (size_t i = 0; i < series.measured.size(); ++i) {
    panel.Dot(series.planned[i], "third hollow");
    panel.IntervalY(series.measured[i].x, series.intervals[i].first, ends[i], "main");
    panel.Dot(series.measured[i], "main");
  }
  return panel.Svg();
}

std::vector<std::string> Pictures(const std::vector<ScaleLayout>& layouts) {
  Series efficiency, speed;
  for (const ScaleLayout& layout : layouts) {
    const double workers = layout.workers();
    const double per_step = layout.exposures_per_step();
    efficiency.measured.push_back({workers, 100 * layout.efficiency()});
    efficiency.planned.push_back({workers, 100 * layout.planned_efficiency()});
    efficiency.intervals.emplace_back(100 * layout.efficiency_low(),
                                      100 * layout.efficiency_high());
    speed.measured.push_back({workers, layout.exposures_per_second()});
    speed.planned.push_back({workers, layout.planned_exposures_per_second()});
    const double most = layout.step_seconds_low() > 0 ? per_step / layout.step_seconds_low()
                                                      : std::numeric_limits<double>::infinity();
    speed.intervals.emplace_back(per_step / layout.step_seconds_high(), most);
  }
  return {Picture("Efficiency", "per cent of the first layout", efficiency),
          Picture("Speed", "exposures a second", speed)};
}

const char* TitleOf(Scaling scaling) {
  return scaling == Scaling::kStrong ? "Strong scaling: one step, more workers"
                                     : "Weak scaling: a step grows with the workers";
}

}  // namespace

std::string ScaleTables(Scaling scaling, const std::vector<ScaleLayout>& layouts) {
  return StrCat(
      "# ", TitleOf(scaling), "\n\n", SpeedTable(layouts),
      "\nTime of a step by part, mean over workers and over all steps, those that the time "
      "of a step above leaves out included, and in brackets as planned of the slowest "
      "worker:\n\n",
      PartsTable(layouts),
      "\nOf a step, over all workers; \"as planned\": frames, messages and bytes of "
      "every run are exactly those of `chorus plan`:\n\n",
      TrafficTable(layouts));
}

std::string ScalePage(Scaling scaling, const std::vector<ScaleLayout>& layouts) {
  const std::string figure = Figure(Pictures(layouts),
                                    "Dots with 95 % intervals over runs: measured; an interval is "
                                    "cut at twice the highest dot. Hollow dots: planned.");
  return Page(TitleOf(scaling), figure + StrCat("<pre class=\"scroll\">",
                                                Escape(ScaleTables(scaling, layouts)), "</pre>\n"));
}

std::string ScaleSvg(const std::vector<ScaleLayout>& layouts) {
  constexpr int kWidth = 460, kEach = 280;
  const std::vector<std::string> pictures = Pictures(layouts);
  const int height = kEach * static_cast<int>(pictures.size());
  std::string out =
      StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", kWidth, "\" height=\"", height,
             "\" viewBox=\"0 0 ", kWidth, " ", height, "\">\n<style>", PageStyle(), "</style>\n");
  int y = 0;
  for (const std::string& picture : pictures) {
    out += StrCat("<g transform=\"translate(0 ", y, ")\">\n", picture, "</g>\n");
    y += kEach;
  }
  return out + "</svg>\n";
}

}  // namespace chorus::launch
