#include "launch/scale/scale_report.h"

#include <gmock/gmock.h>

#include "tests/launch/report/well_formed.h"

namespace chorus::launch {
namespace {

using testing::HasSubstr;
using testing::Not;

ScaleLayout LayoutWith(uint32_t workers, double seconds) {
  ScaleLayout layout;
  layout.set_servers(1);
  layout.set_workers(workers);
  layout.set_runs(3);
  layout.set_exposures_per_step(4096);
  layout.set_step_seconds(seconds);
  layout.set_step_seconds_low(seconds * 0.9);
  layout.set_step_seconds_high(seconds * 1.1);
  layout.set_exposures_per_second(4096 / seconds);
  layout.set_efficiency(1.0 / workers);
  layout.set_planned_step_seconds(seconds * 1.2);
  layout.set_as_planned(true);
  layout.set_bottleneck("cores of a host");
  ScalePart* const part = layout.add_part();
  part->set_name("compute");
  part->set_seconds(seconds);
  return layout;
}

TEST(ScaleReport, TablesHaveARowForEachLayout) {
  const std::string text = ScaleTables(Scaling::kStrong, {LayoutWith(1, 0.1), LayoutWith(2, 0.2)});
  EXPECT_THAT(text, HasSubstr("| 2 + 1 | 3 | 4.10k | 200 ms \u00b1 20.0 ms | 240 ms | +20 % |"));
  EXPECT_THAT(text, HasSubstr("| exactly |"));
  EXPECT_THAT(text, HasSubstr("cores of a host"));
}

TEST(ScaleReport, PicturesAreWellFormed) {
  const std::vector<ScaleLayout> layouts = {LayoutWith(1, 0.1), LayoutWith(4, 0.05)};
  EXPECT_EQ(WhatIsUnbalanced(ScaleSvg(layouts)), "");
  EXPECT_THAT(ScaleSvg(layouts), HasSubstr("<style>"));
  EXPECT_THAT(ScalePage(Scaling::kWeak, layouts), HasSubstr("Weak scaling"));
}

TEST(ScaleReport, AnIntervalWithoutEndDoesNotStretchTheAxis) {
  std::vector<ScaleLayout> layouts = {LayoutWith(1, 0.1), LayoutWith(4, 0.05)};
  layouts[1].set_step_seconds_low(0);  // as few runs that differ have it
  layouts[1].set_step_seconds_high(10);
  const std::string svg = ScaleSvg(layouts);
  EXPECT_EQ(WhatIsUnbalanced(svg), "");
  for (const char* const text : {"inf", "nan", "e+"}) EXPECT_THAT(svg, Not(HasSubstr(text)));
  // 4096 exposures in 0.05 s are 81920, and the axis ends at twice that or little above.
  EXPECT_THAT(svg, HasSubstr(">200k<"));
  layouts[1].set_step_seconds_low(1e-15);
  EXPECT_EQ(ScaleSvg(layouts), svg) << "nor does one that nearly has none";
}

}  // namespace
}  // namespace chorus::launch
