#include "tests/simulation/simulated_loop.h"

#include <algorithm>

namespace chorus::simulation {
namespace {

// A callback of an earlier round does nothing, and may outlive the timer.
class SimulatedTimer final : public Timer {
 public:
  explicit SimulatedTimer(SimulatedLoop* loop) : loop_(loop->weak()) {}
  ~SimulatedTimer() override { ++*round_; }
  void Start(double seconds, std::function<void()> done) override {
    const auto loop = loop_.lock();
    if (!loop) return;
    const double bounded = std::clamp(seconds, 0.0, 3.2e7);
    loop->At(loop->now() + NanosOf(bounded),
             [round = ++*round_, current = round_, done = std::move(done)] {
               if (*current == round) done();
             });
  }
  void Cancel() override { ++*round_; }

 private:
  const std::weak_ptr<SimulatedLoop> loop_;
  const std::shared_ptr<uint64_t> round_ = std::make_shared<uint64_t>(0);
};

}  // namespace

std::unique_ptr<Timer> SimulatedLoop::NewTimer() { return std::make_unique<SimulatedTimer>(this); }

void SimulatedLoop::At(Nanos time, std::function<void()> work) {
  queue_.emplace(std::max(time, scheduler_.now()), std::move(work));
  scheduler_.WakeAll(this);
}

void SimulatedLoop::Run() {
  thread_ = pthread_self();
  running_ = true;
  while (!stopping_) {
    if (queue_.empty()) {
      scheduler_.Wait(this, kNever);
    } else if (queue_.begin()->first > scheduler_.now()) {
      scheduler_.Wait(this, queue_.begin()->first);
    } else {
      const std::function<void()> work = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      work();
      scheduler_.MaybeYield();
    }
  }
  running_ = false;
}

void SimulatedLoop::Stop() {
  stopping_ = true;
  scheduler_.WakeAll(this);
}

}  // namespace chorus::simulation
