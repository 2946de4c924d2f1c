#pragma once
// A configuration file that exists as long as the test that writes it.
// Thread safety: the test's thread.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/config.h"

namespace chorus::testing {

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "config_test_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& text) {
    const std::string path = directory_ + "/job.textproto";
    std::ofstream(path) << text;
    return path;
  }
  Result<TrainConfig> Load(const std::string& text, const std::vector<std::string>& sets = {}) {
    return LoadTrainConfig(Write(text), sets);
  }
  // The error of Load without the folder: "job.textproto:2: seed: ...".
  std::string ErrorOf(const std::string& text, const std::vector<std::string>& sets = {}) {
    const Result<TrainConfig> config = Load(text, sets);
    if (config.ok()) return "no error";
    EXPECT_EQ(config.status().code(), Code::kInvalidArgument);
    std::string message = config.status().message();
    const size_t at = message.find(directory_ + "/");
    if (at != std::string::npos) message.erase(at, directory_.size() + 1);
    return message;
  }

 private:
  std::string directory_;
};

}  // namespace chorus::testing
