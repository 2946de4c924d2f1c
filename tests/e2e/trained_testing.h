#pragma once
// A test that begins with a trained model: logs "train" and "test" in memory, and the last checkpoint of a run of one
// process. Thread safety: the test's thread.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "tests/e2e/job_testing.h"

namespace chorus::e2e {

class TrainedTest : public ::testing::Test {
 protected:
  TrainedTest(TrainConfig config, uint32_t train_rows, uint32_t test_rows)
      : config_(std::move(config)) {
    WriteJobLog(*files_, "train", RichSchema(), train_rows, 1);
    WriteJobLog(*files_, "test", RichSchema(), test_rows, 2);
  }
  void SetUp() override {
    const Trained trained = TrainOn(*files_, config_, Layout());
    ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
    checkpoint_ = trained.first().checkpoint;
  }

  const TrainConfig config_;
  const std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  std::string checkpoint_;
};

}  // namespace chorus::e2e
