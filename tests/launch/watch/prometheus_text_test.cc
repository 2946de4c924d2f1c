#include "launch/watch/prometheus_text.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

TEST(PrometheusTextTest, ReadsNamesLabelsAndValues) {
  const auto samples = SamplesOf(
      "# HELP a What a is.\n# TYPE a gauge\na{rank=\"0\",role=\"server 0, worker 0\"} 1.5\n"
      "b_total 3e6 1395066363000\n\n");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].name, "a");
  EXPECT_EQ(samples[0].label("rank"), "0");
  EXPECT_EQ(samples[0].label("role"), "server 0, worker 0");
  EXPECT_EQ(samples[0].label("node"), "");
  EXPECT_EQ(samples[0].value, 1.5);
  EXPECT_EQ(samples[1].name, "b_total");
  EXPECT_EQ(samples[1].value, 3e6);
}

TEST(PrometheusTextTest, UndoesEscapesInLabels) {
  const auto samples = SamplesOf("a{x=\"1 \\\"2\\\" \\\\ }\\n\"} 1\n");
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].label("x"), "1 \"2\" \\ }\n");
}

TEST(PrometheusTextTest, PassesOverWhatIsNoSample) {
  EXPECT_TRUE(SamplesOf("").empty());
  EXPECT_TRUE(SamplesOf("a\n{x=\"1\"} 2\na{x=\"1} 2\na{x=1} 2\na NaN\na{x=\"1\"\n").empty());
}

}  // namespace
}  // namespace chorus::launch
