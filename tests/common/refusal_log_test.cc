#include "common/refusal_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace chorus {
namespace {

// Ends when the test says so.
class ByHand final : public Timer {
 public:
  explicit ByHand(std::function<void()>* waiting) : waiting_(*waiting) {}
  void Start(double, std::function<void()> done) override { waiting_ = std::move(done); }
  void Cancel() override { waiting_ = nullptr; }

 private:
  std::function<void()>& waiting_;
};

class RefusalLogTest : public ::testing::Test {
 protected:
  // The lines that `work` logs.
  template <typename Work>
  static std::string Lines(Work&& work) {
    ::testing::internal::CaptureStderr();
    work();
    return ::testing::internal::GetCapturedStderr();
  }
  void Refuse(int times) {
    for (int i = 0; i < times; ++i) log_.Add("10.0.0.9:5", PermissionDenied("no"));
  }

  std::function<void()> waiting_;
  RefusalLog log_{"server 1", std::make_unique<ByHand>(&waiting_), 10};
};

TEST_F(RefusalLogTest, AFloodIsAFewLinesAndACount) {
  const std::string flood = Lines([&] { Refuse(100000); });
  EXPECT_EQ(std::count(flood.begin(), flood.end(), '\n'), 5) << flood;
  EXPECT_NE(flood.find("server 1: connection from 10.0.0.9:5 refused: PermissionDenied: no"),
            std::string::npos)
      << flood;
  const std::string rest = Lines([&] { waiting_(); });
  EXPECT_NE(rest.find("server 1: 99995 more connections were refused within 10 s, the last one "
                      "from 10.0.0.9:5"),
            std::string::npos)
      << rest;
  EXPECT_NE(Lines([&] { Refuse(1); }).find("refused: "), std::string::npos);  // they begin anew
}

TEST_F(RefusalLogTest, AFewLeaveNothingToCount) {
  EXPECT_EQ(Lines([&] { log_.Close(); }), "");
  const std::string few = Lines([&] { Refuse(5); });
  EXPECT_EQ(std::count(few.begin(), few.end(), '\n'), 5) << few;
  EXPECT_EQ(Lines([&] { waiting_(); }), "");
}

TEST_F(RefusalLogTest, TheEndTellsTheCount) {
  EXPECT_EQ(Lines([&] { Refuse(7); }).find("more"), std::string::npos);
  EXPECT_NE(Lines([&] { log_.Close(); }).find("2 more connections"), std::string::npos);
  EXPECT_FALSE(waiting_);
}

}  // namespace
}  // namespace chorus
