#include "worker/collective/agreement.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace chorus::worker {
namespace {

// What CheckAgreement says on each of these workers.
std::vector<Status> Agree(const std::vector<std::string>& seen) {
  auto workers = NewLocalCollectives(static_cast<uint32_t>(seen.size()), 30);
  std::vector<Status> statuses(seen.size());
  {
    std::vector<std::jthread> threads;
    for (size_t w = 0; w < seen.size(); ++w) {
      threads.emplace_back(
          [&, w] { statuses[w] = CheckAgreement("the log x", seen[w], workers[w].get()); });
    }
  }
  return statuses;
}

TEST(AgreementTest, WorkersThatSeeTheSameAgree) {
  for (const Status& status : Agree({"a", "a", "a"})) EXPECT_TRUE(status.ok());
  EXPECT_TRUE(Agree({"alone"})[0].ok());
}

TEST(AgreementTest, EveryWorkerHearsWhoDiffersAndHow) {
  for (const Status& status : Agree({"one", "one", "another", "third"})) {
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    for (const char* part :
         {"the log x", "worker 2 on ", "has another", "worker 0 on ", "has one"}) {
      EXPECT_NE(status.message().find(part), std::string::npos) << part << ": " << status.message();
    }
  }
}

}  // namespace
}  // namespace chorus::worker
