#pragma once
// For how long one question to the brokers of a topic has had no answer, and how long the next wait
// for it is. Each question has a clock of its own: the answer to another one says nothing about it.
// Thread safety: none.

#include <algorithm>
#include <chrono>
#include <optional>

namespace chorus::worker {

class Patience {
 public:
  // seconds: patience ends after this long without an answer.
  explicit Patience(double seconds) : most_(seconds) {}

  // Whether it is time to ask: not at once after a question that had no answer.
  bool MayAsk() const { return Clock::now() >= next_; }
  // How long the question may wait for its answer: longer after each one that had none, since
  // brokers may be slow, and never so long that signals are not heard.
  double answer_seconds() const { return answer_seconds_; }
  // To be called when there was an answer.
  void End() {
    since_.reset();
    next_ = {};
  }
  // To be called when there was none. True: it is the first time.
  bool Bear() {
    const Clock::time_point now = Clock::now();
    next_ = now + kAskAgain;
    answer_seconds_ = std::min(2 * answer_seconds_, kMostAnswerSeconds);
    if (since_) return false;
    since_ = now;
    return true;
  }
  bool begun() const { return since_.has_value(); }
  bool IsOver() const { return since_ && Clock::now() - *since_ >= most_; }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double kFirstAnswerSeconds = 0.5;
  static constexpr double kMostAnswerSeconds = 4;
  static constexpr std::chrono::milliseconds kAskAgain{200};

  const std::chrono::duration<double> most_;
  double answer_seconds_ = kFirstAnswerSeconds;
  Clock::time_point next_ = {};
  std::optional<Clock::time_point> since_;
};

}  // namespace chorus::worker
