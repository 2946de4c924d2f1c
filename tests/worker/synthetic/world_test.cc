#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/synthetic/synthetic_testing.h"

namespace chorus::worker::testing {
namespace {

GenerateConfig Large(GenerateConfig config) {
  config.set_exposures(200000);
  config.set_history(false);
  return config;
}

TEST(WorldTest, RatesOfALogAreThoseAskedFor) {
  const Totals t = TotalsOf(SharedWorld(Large(SmallConfig())));
  EXPECT_NEAR(t.clicks / t.rows, 0.04, 0.003);
  EXPECT_NEAR(t.conversions / t.clicks, 0.05, 0.01);
  EXPECT_NEAR(t.p_click / t.rows, 0.04, 0.002);
  EXPECT_NEAR(t.p_conv_clicked / t.clicks, 0.05, 0.004);
}

TEST(WorldTest, ClicksFollowTheirProbabilities) {
  const Totals t = TotalsOf(SharedWorld(Large(SmallConfig())));
  EXPECT_LT(std::abs(t.clicks - t.p_click), 4 * std::sqrt(t.p_click_variance));
  const double potential = t.p_conv_clicked + t.p_conv_unclicked;
  EXPECT_LT(std::abs(t.potential - potential), 4 * std::sqrt(potential));
}

TEST(WorldTest, ClickedExposuresConvertMoreWhereTraitsAreShared) {
  const Totals t = TotalsOf(SharedWorld(Large(SmallConfig())));
  EXPECT_GT(t.p_conv_clicked / t.clicks, 1.2 * t.p_conv_unclicked / (t.rows - t.clicks));
}

TEST(WorldTest, NullWorldConvertsAlikeOnClickedAndUnclicked) {
  const Totals t = TotalsOf(SharedWorld(Large(NullConfig())));
  const double clicked = t.p_conv_clicked / t.clicks;
  const double variance = t.p_conv_squares_clicked / t.clicks - clicked * clicked;
  // Users and items repeat, so the mean's error is wider than that of independent rows.
  EXPECT_NEAR(clicked / (t.p_conv_unclicked / (t.rows - t.clicks)), 1.0,
              12 * std::sqrt(variance / t.clicks) / clicked);
}

TEST(WorldTest, HiddenConfounderMakesClickedRowsConvertMoreThanTheirFeaturesSay) {
  const Totals t = TotalsOf(SharedWorld(Large(HiddenConfounderConfig())));
  EXPECT_GT(t.p_conv_clicked, 1.3 * t.p_v_clicked);
  EXPECT_LT(t.p_conv_unclicked, t.p_v_unclicked);
}

TEST(WorldTest, CalibrationDoesNotDependOnThreads) {
  const World one = World::Make(SmallConfig(), 1);
  const World three = World::Make(SmallConfig(), 3);
  const Calibration& a = one.calibration();
  const Calibration& b = three.calibration();
  EXPECT_EQ(a.alpha_c, b.alpha_c);
  EXPECT_EQ(a.alpha_v, b.alpha_v);
  EXPECT_EQ(a.shared.mean, b.shared.mean);
  EXPECT_EQ(a.shared.stddev, b.shared.stddev);
  EXPECT_EQ(a.conversion_only.stddev, b.conversion_only.stddev);
}

TEST(WorldTest, SizesScale) {
  const WorldSizes one = SizesAtScale(1);
  EXPECT_EQ(one.users, 30000u);
  EXPECT_EQ(one.items, 12000u);
  EXPECT_EQ(one.categories, 150u);
  EXPECT_EQ(one.shops, 1500u);
  EXPECT_EQ(one.brands, 700u);
  EXPECT_EQ(SizesAtScale(10).users, 300000u);
  EXPECT_EQ(SizesAtScale(10).items, 120000u);
  EXPECT_GE(SizesAtScale(1e-6).items, 1u);
}

TEST(WorldTest, ProbabilitiesStayInsideTheUnitInterval) {
  const World& world = SharedWorld(SmallConfig());
  for (const double logit : {-800.0, -50.0, 0.0, 50.0, 800.0}) {
    const OracleRow row = world.Truth({logit, -logit}, 0);
    for (const float p : {row.p_click, row.p_conv_do, row.p_c, row.p_v, row.p_v_given_c}) {
      EXPECT_GT(p, 0.0f);
      EXPECT_LT(p, 1.0f);
    }
  }
}

}  // namespace
}  // namespace chorus::worker::testing
