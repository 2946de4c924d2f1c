#include "worker/model/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace chorus::worker {
namespace {

ScheduleConfig ScheduleOf(ScheduleConfig::Decay decay, uint64_t warmup, uint64_t length,
                          double final) {
  ScheduleConfig config;
  config.set_decay(decay);
  config.set_warmup_steps(warmup);
  config.set_decay_steps(length);
  config.set_final_factor(final);
  return config;
}

TEST(ScheduleTest, AnEmptyConfigIsOne) { EXPECT_EQ(ScheduleFactor(ScheduleConfig(), 1, 10), 1.0f); }

TEST(ScheduleTest, WarmsUpLinearlyFromTheFirstStep) {
  const ScheduleConfig config = ScheduleOf(ScheduleConfig::CONSTANT, 4, 0, 0);
  EXPECT_EQ(ScheduleFactor(config, 1, 100), 0.25f);
  EXPECT_EQ(ScheduleFactor(config, 4, 100), 1.0f);
  EXPECT_EQ(ScheduleFactor(config, 50, 100), 1.0f);
}

TEST(ScheduleTest, LinearDecayEndsAtTheFinalFactorAndStays) {
  const ScheduleConfig config = ScheduleOf(ScheduleConfig::LINEAR, 2, 10, 0.5);
  EXPECT_FLOAT_EQ(ScheduleFactor(config, 7, 1000), 0.75f);
  EXPECT_FLOAT_EQ(ScheduleFactor(config, 12, 1000), 0.5f);
  EXPECT_FLOAT_EQ(ScheduleFactor(config, 900, 1000), 0.5f);
}

TEST(ScheduleTest, CosineDecayFollowsTheCosineToTheEndOfThePlannedRun) {
  const ScheduleConfig config = ScheduleOf(ScheduleConfig::COSINE, 5, 0, 0.1);
  for (uint64_t step = 6; step <= 105; ++step) {
    const double p = static_cast<double>(step - 5) / 100.0;
    EXPECT_NEAR(ScheduleFactor(config, step, 105), 0.1 + 0.9 * 0.5 * (1 + std::cos(M_PI * p)),
                1e-7);
  }
  EXPECT_FLOAT_EQ(ScheduleFactor(config, 105, 105), 0.1f);
}

}  // namespace
}  // namespace chorus::worker
