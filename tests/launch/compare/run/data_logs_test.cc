// Logs that data sets share: what a comparison may not do with them.

#include "launch/compare/run/logs.h"

#include <gtest/gtest.h>

#include "tests/e2e/job_testing.h"

namespace chorus::launch {
namespace {

class DataLogsTest : public testing::Test {
 protected:
  DataLogsTest() : files_(NewMemoryFiles()) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      e2e::WriteJobLog(*files_, "f" + std::to_string(seed), e2e::RichSchema(), 40, seed);
    }
  }

  void Add(const std::vector<std::string>& train, const std::vector<std::string>& test,
           const std::vector<std::string>& potential = {}) {
    CompareData* const data = config_.add_data();
    data->set_name(std::to_string(config_.data_size()));
    for (const std::string& path : train) data->add_train(path);
    for (const std::string& path : test) data->add_test(path);
    for (const std::string& path : potential) data->add_potential(path);
  }

  // The error holds all these; none: there is no error.
  void ExpectError(const std::vector<std::string>& texts) {
    const Status status = CheckDataLogs(*files_, config_);
    EXPECT_EQ(status.code(), texts.empty() ? Code::kOk : Code::kInvalidArgument)
        << status.message();
    for (const std::string& text : texts) {
      EXPECT_NE(status.message().find(text), std::string::npos) << status.message();
    }
    config_.clear_data();
  }

  std::unique_ptr<FileSystem> files_;
  CompareConfig config_;
};

TEST_F(DataLogsTest, FoldsShareTrainingLogsAndTrainOnEachOthersTests) {
  Add({"f1", "f2"}, {"f3"});
  Add({"f1", "f3"}, {"f2"});
  Add({"f2", "f3"}, {"f1"});
  ExpectError({});
}

TEST_F(DataLogsTest, AFoldThatTrainsOnItsTestIsRefusedByFieldAndFile) {
  Add({"f1", "f2"}, {"f3"});
  Add({"f2", "f3"}, {"f2"});
  ExpectError({"data \"2\": train f2", "data \"2\": test f2", "tested on what it was trained on"});
  Add({"f1"}, {"f3", "f1"});
  ExpectError({"data \"1\": train f1", "data \"1\": test f1"});
  Add({"f1"}, {"f2"}, {"f3", "f2"});
  ExpectError({"data \"1\": potential f2", "data \"1\": test f2"});
}

TEST_F(DataLogsTest, TestsThatOverlapInOneLogAreRefused) {
  Add({"f1"}, {"f2", "f3"});
  Add({"f2"}, {"f1", "f3"});
  ExpectError({"data \"1\": test f3", "data \"2\": test f3", "count twice"});
  Add({"f1"}, {"f2", "f2"});
  ExpectError({"data \"1\": test f2", "count twice"});
}

TEST_F(DataLogsTest, ALogTwiceInTrainIsRefused) {
  Add({"f1", "f2", "f1"}, {"f3"});
  ExpectError({"data \"1\": train f1", "trained on twice"});
  Add({"f1"}, {"f3"}, {"f2", "f2"});
  ExpectError({"data \"1\": potential f2", "trained on twice"});
}

TEST_F(DataLogsTest, ACopyUnderAnotherNameIsTheSameLog) {
  e2e::WriteJobLog(*files_, "copy", e2e::RichSchema(), 40, 3);
  Add({"f1", "copy"}, {"f3"});
  ExpectError({"data \"1\": train copy", "data \"1\": test f3"});
}

TEST_F(DataLogsTest, AFileOfADirectoryIsItsLog) {
  const auto log = worker::LogReader::Open(*files_, {"f3"});
  ASSERT_TRUE(log.ok());
  Add({"f1", "f3"}, {(*log)->files()[0]});
  ExpectError({"data \"1\": train f3", "data \"1\": test f3"});
}

TEST_F(DataLogsTest, ALogThatIsGoneIsPassedOver) {
  Add({"gone"}, {"gone"});
  ExpectError({});
}

}  // namespace
}  // namespace chorus::launch
