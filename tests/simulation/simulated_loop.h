#pragma once
// A loop of a simulated network (network.h). Thread safety: threads of the simulation.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/io_loop.h"
#include "tests/simulation/scheduler.h"

namespace chorus::simulation {

class Network;

class SimulatedLoop final : public IoLoop, public std::enable_shared_from_this<SimulatedLoop> {
 public:
  SimulatedLoop(Network* network, Scheduler* scheduler)
      : network_(*network), scheduler_(*scheduler), rank_(scheduler->rank()) {}

  void Run() override;
  void Stop() override;
  void Post(std::function<void()> work) override { At(scheduler_.now(), std::move(work)); }
  bool InLoop() const override { return running_ && pthread_equal(thread_, pthread_self()) != 0; }
  std::unique_ptr<Timer> NewTimer() override;
  Result<std::unique_ptr<Acceptor>> Bind(const std::string& address) override;
  std::shared_ptr<void> Connect(const std::string& endpoint,
                                std::function<void(Result<std::unique_ptr<Socket>>)> done) override;

  void At(Nanos time, std::function<void()> work);
  Nanos now() const { return scheduler_.now(); }
  uint32_t rank() const { return rank_; }
  std::weak_ptr<SimulatedLoop> weak() { return weak_from_this(); }

 private:
  Network& network_;
  Scheduler& scheduler_;
  const uint32_t rank_;
  bool running_ = false;
  bool stopping_ = false;
  pthread_t thread_{};
  std::multimap<Nanos, std::function<void()>> queue_;  // of equal times in the order of posting
};

}  // namespace chorus::simulation
