// Settings that fit a log: what is chosen for its size, and that what its user wrote stays.

#include "worker/steps/fit_settings.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/config.h"

namespace chorus::worker {
namespace {

TrainConfig Fitted(const LogSize& log, const std::string& written,
                   std::vector<FittedSetting>* fitted = nullptr) {
  TrainConfig config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(written, &config)) << written;
  const std::vector<FittedSetting> chosen = FitSettings(log, &config);
  if (fitted != nullptr) *fitted = chosen;
  const Status status = FinishTrainConfig("test", &config);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return config;
}

TEST(FitSettingsTest, AStepGrowsWithTheLogBetweenTwoBounds) {
  const struct {
    uint64_t rows;
    uint32_t of_step;
  } cases[] = {{1, 64},           {26'000, 128},      {50'000, 128},   {76'000, 128},
               {77'000, 256},     {200'000, 256},     {410'000, 1024}, {1'000'000, 2048},
               {4'000'000, 4096}, {200'000'000, 4096}};
  for (const auto& c : cases) {
    const TrainConfig config = Fitted({c.rows, c.rows / 20}, "");
    EXPECT_EQ(config.step().grain_rows() * config.step().grains_per_step(), c.of_step) << c.rows;
  }
  EXPECT_EQ(Fitted({400'000'000, 1'000'000}, "data { rows: CLICKED }").step().grain_rows(),
            2048u / 8);
  EXPECT_EQ(Fitted({50'000, 1}, "step { grains_per_step: 2 }").step().grain_rows(), 64u);
}

// The accumulator is to be below the square of the gradient of an id that is in one row of a step.
TEST(FitSettingsTest, TheAccumulatorFollowsTheStepThatIsInForce) {
  const auto accumulator = [](const std::string& written) {
    return Fitted({1'000'000, 1}, written).table(0).optimizer().adagrad().initial_accumulator();
  };
  EXPECT_NEAR(std::sqrt(accumulator("")) * 2048, 0.06, 1e-9);
  EXPECT_NEAR(std::sqrt(accumulator("step { grain_rows: 8 grains_per_step: 4 }")) * 32, 0.06, 1e-9);
  EXPECT_NEAR(std::sqrt(accumulator("table { optimizer { adagrad { lr: 0.5 } } }")) * 2048, 0.06,
              1e-9);
}

TEST(FitSettingsTest, TheWindowFollowsTheLogsBlocks) {
  const LogSize log = {.rows = 200'000, .clicks = 1, .blocks = 98, .bytes = 10'000'000};
  std::vector<FittedSetting> fitted;
  const TrainConfig config = Fitted(log, "", &fitted);
  EXPECT_GE(config.data().window_blocks() * config.step().grains_per_step(), log.blocks);
  EXPECT_EQ(fitted[1].field, "data.window_blocks");
  EXPECT_EQ(fitted[1].reason, "a step is drawn from all 98 blocks of the log");
  const LogSize large = {.rows = 20'480'000, .clicks = 1, .blocks = 10'000, .bytes = 1'000'000'000};
  EXPECT_EQ(Fitted(large, "", &fitted).data().window_blocks(), 64u);
  EXPECT_EQ(fitted[1].reason,
            "a step is drawn from 512 of 10000 blocks of the log, about 1048576 exposures");
  EXPECT_EQ(Fitted(log, "data { window_blocks: 2 }").data().window_blocks(), 2u);
  EXPECT_EQ(Fitted(log, "data { order: SEQUENTIAL }").data().window_blocks(), 4u) << "the default";
}

TEST(FitSettingsTest, WhatTheUserWroteStays) {
  const std::string written = R"(
    step { grain_rows: 7 }
    table { name: "a" optimizer { adam { lr: 0.3 } } schedule { decay: CONSTANT } }
    table { name: "b" optimizer { adagrad { lr: 0.4 initial_accumulator: 0.5 } } }
    model { start: ZERO tower { hidden: 5 } optimizer { sgd { lr: 0.6 } } schedule { decay: COSINE } }
    objective { chorus_cvr { norm: SPACE eps: 0.01 eps_un: 0.02 } })";
  std::vector<FittedSetting> fitted;
  const TrainConfig config = Fitted({1'000'000, 1}, written, &fitted);
  EXPECT_EQ(config.step().grain_rows(), 7u);
  EXPECT_EQ(config.table(0).optimizer().adam().lr(), 0.3);
  EXPECT_EQ(config.table(0).schedule().decay(), ScheduleConfig::CONSTANT);
  EXPECT_EQ(config.table(1).optimizer().adagrad().lr(), 0.4);
  EXPECT_EQ(config.table(1).optimizer().adagrad().initial_accumulator(), 0.5);
  EXPECT_EQ(config.model().start(), ModelConfig::ZERO);
  EXPECT_EQ(config.model().optimizer().sgd().lr(), 0.6);
  EXPECT_EQ(config.model().schedule().decay(), ScheduleConfig::COSINE);
  EXPECT_EQ(config.objective().chorus_cvr().norm(), SPACE);
  EXPECT_EQ(config.table(1).schedule().decay(), ScheduleConfig::CONSTANT)
      << "every rate is written";
  EXPECT_EQ(fitted.size(), 0u);
}

// Comparisons that earlier builds began go on with their rules.
TEST(FitSettingsTest, RatesThatAreAllWrittenDecayByEarlierRulesAlone) {
  const std::string written =
      "table { optimizer { adagrad { lr: 0.4 } } } model { optimizer { adam { lr: 0.6 } } }";
  for (const FitRules rules : kAllFitRules) {
    TrainConfig config;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(written, &config));
    FitSettings({.rows = 50'000, .clicks = 1}, &config, rules);
    EXPECT_EQ(config.table(0).has_schedule(), rules != FitRules::kCurrent);
    EXPECT_EQ(config.model().has_schedule(), rules != FitRules::kCurrent);
  }
}

// One rate that is tried beside what fits changes nothing else.
TEST(FitSettingsTest, OneRateThatIsWrittenDecaysAsTheOthersDo) {
  for (const std::string written :
       {"table { optimizer { adagrad { lr: 0.4 } } }", "model { optimizer { adam { lr: 0.6 } } }",
        "table { optimizer { adagrad { initial_accumulator: 1 } } } "
        "model { optimizer { adam { lr: 0.6 } } }"}) {
    const TrainConfig config = Fitted({.rows = 50'000, .clicks = 1}, written);
    EXPECT_EQ(config.table(0).schedule().decay(), ScheduleConfig::LINEAR) << written;
    EXPECT_EQ(config.model().schedule().decay(), ScheduleConfig::LINEAR) << written;
  }
}

// As --resume does with the run of an older build, which had other rules, or none.
TEST(FitSettingsTest, ARunThatGoesOnKeepsWhatItHas) {
  const std::string written =
      "data { epochs: 2 } objective { chorus_cvr {} } table { optimizer { adagrad { lr: 0.5 } } }";
  const TrainConfig earlier = Fitted(
      {},
      "data { epochs: 2 window_blocks: 4 } step { grain_rows: 3 } model { start: ZERO "
      "optimizer { adamw { lr: 0.3 } } schedule { decay: COSINE } tower { hidden: [9, 4] } } "
      "objective { chorus_cvr { norm: SPACE eps: 0.05 eps_un: 0.07 } } table { schedule { decay: "
      "COSINE } "
      "optimizer { adagrad { lr: 0.5 initial_accumulator: 0.125 } } }");
  TrainConfig config;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(written, &config));
  KeepSettings(earlier, &config);
  EXPECT_TRUE(FitSettings({.rows = 50'000, .blocks = 200, .bytes = 1 << 20}, &config).empty());
  ASSERT_TRUE(FinishTrainConfig("test", &config).ok());
  EXPECT_EQ(DifferingFields(earlier, config, {}), std::vector<std::string>{});
  config.mutable_data()->set_window_blocks(2);  // of the user's
  KeepSettings(earlier, &config);
  EXPECT_EQ(config.data().window_blocks(), 2u);
}

TEST(FitSettingsTest, EverySettingIsNamedWithItsReason) {
  std::vector<FittedSetting> fitted;
  const TrainConfig config = Fitted({50'000, 1}, "objective { chorus_cvr { } }", &fitted);
  std::vector<std::string> fields;
  for (const FittedSetting& setting : fitted) {
    fields.push_back(setting.field);
    EXPECT_NE(setting.reason, "") << setting.field;
    EXPECT_NE(setting.value, "") << setting.field;
  }
  EXPECT_EQ(fields, (std::vector<std::string>{
                        "step.grain_rows", "table.0.optimizer.adagrad.lr",
                        "table.0.optimizer.adagrad.initial_accumulator", "table.0.schedule.decay",
                        "model.tower", "model.optimizer.adam.lr", "model.schedule.decay",
                        "model.start", "objective.chorus_cvr.norm", "objective.chorus_cvr.eps",
                        "objective.chorus_cvr.eps_un"}));
  EXPECT_EQ(config.objective().chorus_cvr().norm(), EXPOSURE);
  EXPECT_EQ(config.model().start(), ModelConfig::BASE_RATE);
}

}  // namespace
}  // namespace chorus::worker
