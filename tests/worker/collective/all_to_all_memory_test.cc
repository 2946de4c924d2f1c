// After an all to all that failed, what was posted may still be read while the exchange is there.

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/collective/exchange.h"

namespace chorus::worker {
namespace {

// Rank 0 of two. The sizes arrive; the second wait fails. As MPI may, it reads what was to be sent
// at its end.
class StuckExchange final : public Exchange {
 public:
  StuckExchange(uint64_t bytes, std::string* sent) : bytes_(bytes), sent_(*sent) {}
  ~StuckExchange() override {
    for (const auto& [data, bytes] : sends_) sent_.append(static_cast<const char*>(data), bytes);
  }
  uint32_t rank() const override { return 0; }
  uint32_t size() const override { return 2; }
  Status Send(uint32_t, const void* data, size_t bytes) override {
    if (waits_ > 0) sends_.emplace_back(data, bytes);
    return Status::Ok();
  }
  Status Receive(uint32_t, void* data, size_t) override {
    if (waits_ == 0) std::memcpy(data, &bytes_, sizeof(bytes_));
    return Status::Ok();
  }
  Status WaitReceives(Deadline) override { return Status::Ok(); }
  Status WaitAll(Deadline) override {
    return ++waits_ == 1 ? Status::Ok() : DeadlineExceeded("stuck");
  }
  void Withdraw() override {}
  void Abort(const std::string&) override {}

 private:
  const uint64_t bytes_;
  std::string& sent_;
  int waits_ = 0;
  std::vector<std::pair<const void*, size_t>> sends_;
};

TEST(AllToAllMemory, LivesUntilTheExchangeEndsAfterAnError) {
  const std::string rows(100000, 'x');
  std::string sent;
  {
    const auto collective = NewExchangeCollective(std::make_unique<StuckExchange>(7, &sent), 1);
    const Status status = collective->AllToAll({"mine", rows}).status();
    EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
    // Whatever asks for memory next would get that which is free.
    const std::vector<std::string> others(4, std::string(100000, 'o'));
    EXPECT_EQ(collective->AllToAll({"", ""}).status().code(), Code::kDeadlineExceeded);
  }
  EXPECT_TRUE(sent == rows);
}

}  // namespace
}  // namespace chorus::worker
