#include "tests/support/faulty_transport.h"

#include <map>
#include <utility>

#include "common/io_loop.h"
#include "common/random.h"

namespace chorus::testing {
namespace {

// One channel. Calls wait here, on the loop's thread, for their time to be sent (again).
class FaultyState : public std::enable_shared_from_this<FaultyState> {
 public:
  FaultyState(IoLoop& loop, std::unique_ptr<Channel> inner, const FaultPlan& plan)
      : loop_(loop), inner_(std::move(inner)), plan_(plan) {}

  void Call(Frame request, double deadline_seconds, ReplyCallback done);
  void Close() {
    for (auto& [id, waiting] : std::exchange(waiting_, {}))
      waiting.done(Aborted("the channel was closed"));
  }
  std::unique_ptr<Channel> TakeInner() { return std::move(inner_); }

 private:
  struct Waiting {
    std::unique_ptr<Timer> timer;
    ReplyCallback done;
  };

  bool Strikes(double probability, uint64_t request, int fault) const {
    return ToUniform(Random(plan_.seed, RandomPurpose::kTest, request, fault)) < probability;
  }
  void SendLater(Frame request, double deadline_seconds, ReplyCallback done);

  IoLoop& loop_;
  std::unique_ptr<Channel> inner_;
  const FaultPlan plan_;
  uint64_t next_waiting_ = 0;
  std::map<uint64_t, Waiting> waiting_;
};

void FaultyState::Call(Frame request, double deadline_seconds, ReplyCallback done) {
  FaultCounts& counts = *plan_.counts;
  const uint64_t n = counts.requests++;
  if (Strikes(plan_.duplicate, n, 0)) {
    ++counts.duplicated;
    inner_->CallAsync(request, deadline_seconds, [](Result<Frame>) {});
  }
  if (Strikes(plan_.lose_request, n, 1)) {
    ++counts.lost_requests;
    return SendLater(std::move(request), deadline_seconds, std::move(done));
  }
  if (Strikes(plan_.lose_reply, n, 2)) {
    ++counts.lost_replies;
    inner_->CallAsync(request, deadline_seconds, [](Result<Frame>) {});
    return SendLater(std::move(request), deadline_seconds, std::move(done));
  }
  if (Strikes(plan_.delay, n, 3)) {
    ++counts.delayed;
    return SendLater(std::move(request), deadline_seconds, std::move(done));
  }
  inner_->CallAsync(std::move(request), deadline_seconds, std::move(done));
}

void FaultyState::SendLater(Frame request, double deadline_seconds, ReplyCallback done) {
  const uint64_t id = next_waiting_++;
  Waiting& waiting = waiting_[id];
  waiting.timer = loop_.NewTimer();
  waiting.done = std::move(done);
  waiting.timer->Start(plan_.delay_seconds,
                       [this, id, deadline_seconds, request = std::move(request)] {
                         ReplyCallback late = std::move(waiting_.at(id).done);
                         waiting_.erase(id);
                         inner_->CallAsync(request, deadline_seconds, std::move(late));
                       });
}

class FaultyChannel final : public Channel {
 public:
  FaultyChannel(std::shared_ptr<IoThread> thread, std::unique_ptr<Channel> inner,
                const FaultPlan& plan)
      : thread_(std::move(thread)),
        state_(std::make_shared<FaultyState>(*thread_->loop(), std::move(inner), plan)) {}
  ~FaultyChannel() override {
    std::unique_ptr<Channel> inner;
    thread_->RunAndWait([&] {
      state_->Close();
      inner = state_->TakeInner();
      state_.reset();
    });
  }
  void CallAsync(Frame request, double deadline_seconds, ReplyCallback done) override {
    thread_->loop()->Post([state = state_.get(), request = std::move(request), deadline_seconds,
                           done = std::move(done)]() mutable {
      state->Call(std::move(request), deadline_seconds, std::move(done));
    });
  }

 private:
  const std::shared_ptr<IoThread> thread_;
  std::shared_ptr<FaultyState> state_;
};

class FaultyTransport final : public Transport {
 public:
  FaultyTransport(std::unique_ptr<Transport> inner, const FaultPlan& plan)
      : inner_(std::move(inner)), plan_(plan) {}
  Result<std::unique_ptr<Listener>> Listen(RequestHandler handler) override {
    return inner_->Listen(std::move(handler));
  }
  Result<std::unique_ptr<Channel>> Connect(const std::string& endpoint,
                                           const std::string& peer_name) override {
    ASSIGN_OR_RETURN(std::unique_ptr<Channel> inner, inner_->Connect(endpoint, peer_name));
    return std::unique_ptr<Channel>(
        std::make_unique<FaultyChannel>(thread_, std::move(inner), plan_));
  }

 private:
  const std::unique_ptr<Transport> inner_;
  const FaultPlan plan_;
  const std::shared_ptr<IoThread> thread_ = IoThread::Start().value();
};

}  // namespace

std::unique_ptr<Transport> NewFaultyTransport(std::unique_ptr<Transport> inner,
                                              const FaultPlan& plan) {
  return std::make_unique<FaultyTransport>(std::move(inner), plan);
}

}  // namespace chorus::testing
