#include "launch/command/print_training.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

// Of a run from its first step on.
worker::TrainResult Trained(uint64_t steps, uint64_t exposures, uint64_t log_rows) {
  worker::TrainResult result;
  result.steps = result.trained_steps = steps;
  result.exposures = exposures;
  result.log_rows = log_rows;
  return result;
}

TEST(TrainedTextTest, AWholeRunSaysWhichRowsItsExposuresAre) {
  EXPECT_EQ(TrainedText(Trained(32, 1902, 951), 2),
            "trained to step 32: 1902 exposures (951 rows, 2 epochs)");
  EXPECT_EQ(TrainedText(Trained(1, 1, 1), 1), "trained to step 1: 1 exposure (1 row, 1 epoch)");
}

TEST(TrainedTextTest, StagesHaveAllEpochsEach) {
  EXPECT_EQ(TrainedText(Trained(64, 3804, 951), 2),
            "trained to step 64: 3804 exposures (951 rows, 2 epochs, 2 stages)");
}

TEST(TrainedTextTest, AResumedRunSaysWhereItsExposuresBegin) {
  worker::TrainResult result = Trained(32, 712, 951);
  result.trained_steps = 12;
  EXPECT_EQ(TrainedText(result, 2), "trained to step 32: 712 exposures since step 20");
  result.exposures = 1902;  // by chance
  EXPECT_EQ(TrainedText(result, 2), "trained to step 32: 1902 exposures since step 20");
}

TEST(TrainedTextTest, ARunThatEndedEarlyOrWhoseLogGrowsNamesNoRows) {
  EXPECT_EQ(TrainedText(Trained(20, 1190, 951), 2), "trained to step 20: 1190 exposures");
  EXPECT_EQ(TrainedText(Trained(16, 951, 951), 2), "trained to step 16: 951 exposures");
  EXPECT_EQ(TrainedText(Trained(20, 1190, 0), 1), "trained to step 20: 1190 exposures");
}

}  // namespace
}  // namespace chorus::launch
