// The towers of a run that begins from another run's model.

#include "worker/train/warm_towers.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/config.h"
#include "worker/steps/fit_model.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::worker {
namespace {

TrainConfig Parsed(const std::string& text) {
  TrainConfig config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config)) << text;
  return config;
}

// The towers of a job that writes `written` and begins from a model that was trained with `earlier`.
Result<std::string> TowersOf(const std::string& written, const std::string& earlier) {
  const std::unique_ptr<FileSystem> files = NewMemoryFiles();
  CheckpointManifest manifest;
  manifest.set_version(1);
  *manifest.mutable_config() = Parsed(earlier);
  RETURN_IF_ERROR(FinishTrainConfig("earlier", manifest.mutable_config()));
  const std::string folder = CheckpointFolder("ckpt", 5);
  RETURN_IF_ERROR(files->CreateDirectories(folder));
  RETURN_IF_ERROR(WriteManifest(*files, folder, manifest));
  TrainConfig config = Parsed(written);
  ASSIGN_OR_RETURN(const auto taken, TakeTowersOfWarmStart(*files, &config));
  EXPECT_EQ(taken.has_value(), config.model().tower_size() > Parsed(written).model().tower_size());
  std::string towers;
  for (const TowerConfig& tower : config.model().tower()) towers += TowerText(tower);
  if (taken.has_value()) {
    EXPECT_EQ(taken->field, "model.tower");
    EXPECT_EQ(taken->value, towers);
    EXPECT_EQ(taken->reason, "those of warm_start.checkpoint, " + folder);
  }
  return towers;
}

constexpr char kWarm[] = "warm_start { checkpoint: 'ckpt' } ";
constexpr char kFitted[] = "model { tower { hidden: [64, 32] wide: 'inputs' } }";

TEST(WarmTowersTest, AreThoseOfTheModelWhateverWouldFitTheLog) {
  EXPECT_EQ(*TowersOf(kWarm, kFitted), "{hidden: [64, 32] wide: [\"inputs\"]}");
  EXPECT_EQ(*TowersOf(kWarm, ""), "{hidden: [360, 200, 80]}") << "as older builds had them";
  EXPECT_EQ(*TowersOf("", kFitted), "") << "no warm start";
}

TEST(WarmTowersTest, AUsersLayersStay) {
  const std::string written = kWarm;
  EXPECT_EQ(*TowersOf(written + "model { tower { hidden: 7 } }", kFitted), "{hidden: [7]}");
  EXPECT_EQ(*TowersOf(written + "model { shared_bottom { hidden: 7 } }", kFitted), "");
}

TEST(WarmTowersTest, WhatTrainsTheLayersIsNotTaken) {
  EXPECT_EQ(*TowersOf(kWarm, "model { tower { hidden: 7 dropout: 0.5 trainable: false } }"),
            "{hidden: [7]}");
}

// Their towers read, or are called, what this job need not have.
TEST(WarmTowersTest, OfModelsWithOtherPartsNothingIsTaken) {
  for (const char* earlier :
       {"model { shared_bottom { hidden: 7 } tower { hidden: 5 } }",
        "model { encoder { name: 'deep' mlp { hidden: 7 } } tower { hidden: 5 } }",
        "model { tower { hidden: 5 wide: 'contexts' } }",
        "model { tower { hidden: 5 input: 'contexts' } }",
        "model { tower { head: 'ctr' hidden: 5 } tower { hidden: 7 } }"}) {
    EXPECT_EQ(*TowersOf(kWarm, earlier), "") << earlier;
  }
}

TEST(WarmTowersTest, ACheckpointThatIsNotThereIsAnError) {
  const Result<std::string> towers = TowersOf("warm_start { checkpoint: 'nowhere' }", kFitted);
  ASSERT_FALSE(towers.ok());
  EXPECT_NE(towers.status().message().find("nowhere"), std::string::npos)
      << towers.status().message();
}

}  // namespace
}  // namespace chorus::worker
