// What fits a log in the model and its method: towers with a linear part, and the norms and floors of
// methods on shared tables.

#include "worker/steps/fit_model.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/config.h"

namespace chorus::worker {
namespace {

TrainConfig FittedModel(uint64_t conversions, const std::string& written,
                        FitRules rules = FitRules::kCurrent) {
  TrainConfig config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(written, &config)) << written;
  const LogSize log = {.rows = 50'000, .clicks = 3'000, .conversions = conversions};
  FitSettings(log, &config, rules);
  const Status status = FinishTrainConfig("test", &config);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return config;
}

std::string Towers(const TrainConfig& config) {
  std::string text;
  for (const TowerConfig& tower : config.model().tower()) text += TowerText(tower);
  return text;
}

TEST(FitModelTest, TowersGrowWithTheLogsConversionsAndHaveALinearPart) {
  const struct {
    uint64_t conversions;
    const char* tower;
  } cases[] = {{0, "{hidden: [64, 32] wide: [\"inputs\"]}"},
               {199, "{hidden: [64, 32] wide: [\"inputs\"]}"},
               {200, "{hidden: [128, 64] wide: [\"inputs\"]}"},
               {9'999, "{hidden: [128, 64] wide: [\"inputs\"]}"},
               {10'000, "{hidden: [360, 200, 80] wide: [\"inputs\"]}"}};
  for (const auto& c : cases) {
    EXPECT_EQ(Towers(FittedModel(c.conversions, "")), c.tower) << c.conversions;
  }
}

TEST(FitModelTest, TheFirstFileOfALogThatGrowsDoesNotBoundItsTowers) {
  const std::string written = "data { log: 'a' follow_seconds: 5 }";
  EXPECT_EQ(Towers(FittedModel(3, written)), "{hidden: [360, 200, 80] wide: [\"inputs\"]}");
}

TEST(FitModelTest, WhatIsWrittenOfATowerCanBeSetAgain) {
  const TrainConfig fitted = FittedModel(500, "");
  TrainConfig again;
  const Status set = ApplySets({"model.tower=" + Towers(fitted)}, &again);
  ASSERT_TRUE(set.ok()) << set.ToString();
  ASSERT_EQ(again.model().tower_size(), 1);
  EXPECT_EQ(TowerText(again.model().tower(0)), Towers(fitted));
}

TEST(FitModelTest, WhoWritesLayersHasChosenTheModel) {
  for (const char* written :
       {"model { tower { hidden: 7 } }", "model { tower { head: 'ctr' hidden: 7 } }",
        "model { tower { dropout: 0.5 } }", "model { shared_bottom { hidden: 7 } }",
        "model { encoder { name: 'deep' mlp { hidden: 7 } } }",
        "model { transfer { from: 'ctr' to: 'cvr' layer: 3 } }"}) {
    TrainConfig plain;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(written, &plain));
    ASSERT_TRUE(FinishTrainConfig("test", &plain).ok()) << written;
    const TrainConfig config = FittedModel(500, written);
    EXPECT_EQ(Towers(config), Towers(plain)) << written;
    for (const TowerConfig& tower : config.model().tower()) EXPECT_EQ(tower.wide_size(), 0);
    EXPECT_EQ(config.model().optimizer().adam().lr(), 0.004) << "is fitted all the same";
  }
}

TEST(FitModelTest, MethodsOnSharedTablesDivideByExposures) {
  EXPECT_EQ(FittedModel(500, "objective { two_task {} }").objective().two_task().norm(), EXPOSURE);
  EXPECT_EQ(FittedModel(500, "objective { chorus_cvr {} }").objective().chorus_cvr().norm(),
            EXPOSURE);
  EXPECT_EQ(
      FittedModel(500, "objective { two_task { norm: SPACE } }").objective().two_task().norm(),
      SPACE);
}

TEST(FitModelTest, FewConversionsRaiseTheFloorsOfPropensities) {
  const ChorusCvrConfig few =
      FittedModel(9'999, "objective { chorus_cvr {} }").objective().chorus_cvr();
  EXPECT_EQ(few.eps(), 0.3);
  EXPECT_EQ(few.eps_un(), 0.3);
  const ChorusCvrConfig many =
      FittedModel(10'000, "objective { chorus_cvr {} }").objective().chorus_cvr();
  EXPECT_EQ(many.eps(), 0.01);
  EXPECT_EQ(many.eps_un(), 0.01);
  const ChorusCvrConfig own =
      FittedModel(10, "objective { chorus_cvr { eps: 0.02 } }").objective().chorus_cvr();
  EXPECT_EQ(own.eps(), 0.02);
  EXPECT_EQ(own.eps_un(), 0.3);
}

// Who trains them wants what the paper prints.
TEST(FitModelTest, AblationsKeepNormAndFloorsOfThePaper) {
  const ObjectiveConfig ndm = FittedModel(10, "objective { chorus_cvr_wo_ndm {} }").objective();
  EXPECT_EQ(ndm.chorus_cvr_wo_ndm().norm(), SPACE);
  EXPECT_EQ(ndm.chorus_cvr_wo_ndm().eps(), 0.01);
  const ObjectiveConfig sam = FittedModel(10, "objective { chorus_cvr_wo_sam {} }").objective();
  EXPECT_EQ(sam.chorus_cvr_wo_sam().norm(), SPACE);
  EXPECT_EQ(sam.chorus_cvr_wo_sam().eps_un(), 0.01);
}

TEST(FitModelTest, ARunThatGoesOnKeepsItsLayersNormsAndFloors) {
  for (const char* method : {"two_task { norm: SPACE }", "chorus_cvr { eps: 0.05 eps_un: 0.07 }"}) {
    const std::string objective = std::string("objective { ") + method + " } ";
    const TrainConfig earlier =
        FittedModel(500, objective + "model { tower { hidden: [11, 5] wide: 'contexts' } }");
    TrainConfig config;
    const std::string name = std::string(method).substr(0, std::string(method).find(' '));
    ASSERT_TRUE(
        google::protobuf::TextFormat::ParseFromString("objective { " + name + " {} }", &config));
    KeepSettings(earlier, &config);
    const LogSize other = {.rows = 5'000'000, .clicks = 100'000, .conversions = 20'000};
    EXPECT_TRUE(FitSettings(other, &config).empty()) << method;
    ASSERT_TRUE(FinishTrainConfig("test", &config).ok());
    EXPECT_EQ(DifferingFields(earlier, config, {}), std::vector<std::string>{}) << method;
  }
}

TEST(FitModelTest, EarlierRulesChooseNoLayersNorFloors) {
  const TrainConfig chorus =
      FittedModel(500, "objective { chorus_cvr {} }", FitRules::kWithoutTowers);
  EXPECT_EQ(Towers(chorus), "{hidden: [360, 200, 80]}");
  EXPECT_EQ(chorus.model().optimizer().adam().lr(), 0.002);
  EXPECT_EQ(chorus.objective().chorus_cvr().norm(), EXPOSURE);
  EXPECT_EQ(chorus.objective().chorus_cvr().eps(), 0.01);
  EXPECT_EQ(chorus.step().grain_rows() * chorus.step().grains_per_step(), 256u);
  const TrainConfig two = FittedModel(500, "objective { two_task {} }", FitRules::kWithoutTowers);
  EXPECT_EQ(two.objective().two_task().norm(), SPACE);
}

}  // namespace
}  // namespace chorus::worker
