#include "tests/simulation/doubling_transport.h"

#include <utility>

namespace chorus::simulation {
namespace {

class DoublingChannel final : public Channel {
 public:
  DoublingChannel(std::unique_ptr<Channel> inner, World* world, double probability)
      : inner_(std::move(inner)), world_(*world), probability_(probability) {}
  void CallAsync(Frame request, double deadline_seconds, ReplyCallback done) override {
    const bool twice = world_.draws().Chance(probability_);
    const bool before = world_.draws().Chance(0.5);
    const auto again = [&] {
      world_.Count(Fault::kDuplicate);
      world_.Trace("sends a request of type ", static_cast<int>(request.type), " twice");
      inner_->CallAsync(request, deadline_seconds, [](Result<Frame>) {});
    };
    if (twice && before) again();
    inner_->CallAsync(request, deadline_seconds, std::move(done));
    if (twice && !before) again();
  }

 private:
  const std::unique_ptr<Channel> inner_;
  World& world_;
  const double probability_;
};

class DoublingTransport final : public Transport {
 public:
  DoublingTransport(std::unique_ptr<Transport> inner, World* world, double probability)
      : inner_(std::move(inner)), world_(*world), probability_(probability) {}
  Result<std::unique_ptr<Listener>> Listen(RequestHandler handler) override {
    return inner_->Listen(std::move(handler));
  }
  Result<std::unique_ptr<Channel>> Connect(const std::string& endpoint,
                                           const std::string& peer_name) override {
    ASSIGN_OR_RETURN(std::unique_ptr<Channel> channel, inner_->Connect(endpoint, peer_name));
    return std::unique_ptr<Channel>(
        std::make_unique<DoublingChannel>(std::move(channel), &world_, probability_));
  }

 private:
  const std::unique_ptr<Transport> inner_;
  World& world_;
  const double probability_;
};

}  // namespace

std::unique_ptr<Transport> NewDoublingTransport(std::unique_ptr<Transport> inner, World* world,
                                                double probability) {
  return std::make_unique<DoublingTransport>(std::move(inner), world, probability);
}

}  // namespace chorus::simulation
