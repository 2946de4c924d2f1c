#pragma once
// Jobs of the program over hosts. Thread safety: the test's thread.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/cluster/hosts.h"
#include "tests/e2e/command_testing.h"

namespace chorus::cluster {

class HostsTest : public e2e::CommandTest {
 protected:
  using Ranks = std::vector<std::pair<std::string, uint32_t>>;

  // A test calls it first. It is a macro because GTEST_SKIP must be in the test itself.
#define MAKE_HOSTS_OR_SKIP(...)                              \
  do {                                                       \
    auto made = Hosts::Make(HostsPlan __VA_ARGS__, folder_); \
    if (!made.ok()) GTEST_SKIP() << made.status().message(); \
    hosts_ = std::move(*made);                               \
  } while (0)

  void TearDown() override {
    hosts_.reset();
    CommandTest::TearDown();
  }

  // Trains `run` over these ranks.
  test::Finished Train(const std::string& run, const Ranks& ranks,
                       const std::vector<std::string>& more = {}, const std::string& job = "") {
    return hosts_->Run(ranks, Command("train", Config(run, job), more), kLimitSeconds);
  }
  // The same by one process.
  e2e::Outcome OneProcess(const std::string& job = "") {
    ExpectSuccess(Run(0, Command("train", Config("one", job))));
    return OutcomeOfRun("one");
  }
  void ExpectSame(const std::string& run, const e2e::Outcome& one) {
    const e2e::Outcome outcome = OutcomeOfRun(run);
    EXPECT_TRUE(outcome.state == one.state) << run;
    EXPECT_EQ(outcome.reports, one.reports) << run;
  }

  std::unique_ptr<Hosts> hosts_;
};

}  // namespace chorus::cluster
