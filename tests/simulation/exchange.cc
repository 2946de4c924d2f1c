#include "tests/simulation/exchange.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

#include "common/check.h"

namespace chorus::simulation {
namespace {

struct Message {
  Nanos at;
  std::string bytes;
};
struct PostedReceive {
  void* data;
  size_t bytes;
};

struct Group {
  World* world;
  Network* network;
  std::function<void()> at_event;
  bool rendezvous;
  std::vector<uint32_t> ranks;
  std::vector<std::deque<Message>> boxes;  // [from * size + to]
  std::vector<Nanos> last_at;              // [from * size + to]
  size_t size() const { return ranks.size(); }
};

class SimulatedExchange final : public worker::Exchange {
 public:
  SimulatedExchange(std::shared_ptr<Group> group, uint32_t rank)
      : group_(std::move(group)), rank_(rank), receives_(group_->size()) {}

  uint32_t rank() const override { return rank_; }
  uint32_t size() const override { return static_cast<uint32_t>(group_->size()); }

  Status Send(uint32_t to, const void* data, size_t bytes) override {
    group_->at_event();
    const size_t pair = rank_ * size() + to;
    const Nanos at = std::max(group_->last_at[pair],
                              group_->network->ArrivalOf(group_->ranks[rank_], group_->ranks[to]));
    group_->last_at[pair] = at;
    group_->boxes[pair].push_back({at, std::string(static_cast<const char*>(data), bytes)});
    Wake(to);
    return Status::Ok();
  }

  Status Receive(uint32_t from, void* data, size_t bytes) override {
    receives_[from].push_back({data, bytes});
    return Status::Ok();
  }

  Status WaitReceives(worker::Deadline deadline) override { return Wait(deadline, false); }
  Status WaitAll(worker::Deadline deadline) override { return Wait(deadline, true); }

  void Withdraw() override {
    for (auto& receives : receives_) receives.clear();
  }
  // Among processes it does not reach the others: the launcher ends the job.
  void Abort(const std::string& why) override {
    if (aborted_.ok()) aborted_ = Aborted(why);
    Wake(rank_);
  }

 private:
  void Wake(uint32_t rank) { group_->world->scheduler().WakeAll(&group_->ranks[rank]); }

  Status Wait(worker::Deadline deadline, bool sends_too) {
    const Nanos until = deadline.time_since_epoch().count();
    Scheduler& scheduler = group_->world->scheduler();
    group_->at_event();
    while (true) {
      if (!aborted_.ok()) return aborted_;
      Nanos next = until;
      std::vector<char> missing(size());
      if (!Fetch(sends_too, &missing, &next)) return Status::Ok();
      if (scheduler.now() >= until) {
        Withdraw();
        return worker::MissingRanks(rank_, missing);
      }
      scheduler.Wait(&group_->ranks[rank_], next);
    }
  }

  // Takes what has arrived. Whether anything is missing, of whom, and when to look again.
  bool Fetch(bool sends_too, std::vector<char>* missing, Nanos* next) {
    bool any = false;
    for (uint32_t peer = 0; peer < size(); ++peer) {
      auto& box = group_->boxes[peer * size() + rank_];
      while (!receives_[peer].empty() && !box.empty() && box.front().at <= group_->world->now()) {
        const PostedReceive receive = receives_[peer].front();
        CHECK(receive.bytes == box.front().bytes.size(), "rank ", peer, " sends ",
              box.front().bytes.size(), " bytes, rank ", rank_, " expects ", receive.bytes);
        if (receive.bytes > 0) std::memcpy(receive.data, box.front().bytes.data(), receive.bytes);
        receives_[peer].pop_front();
        box.pop_front();
        Wake(peer);
      }
      if (!receives_[peer].empty() && !box.empty()) *next = std::min(*next, box.front().at);
      const bool unsent =
          sends_too && group_->rendezvous && !group_->boxes[rank_ * size() + peer].empty();
      (*missing)[peer] = !receives_[peer].empty() || unsent;
      any |= (*missing)[peer] != 0;
    }
    return any;
  }

  const std::shared_ptr<Group> group_;
  const uint32_t rank_;
  std::vector<std::deque<PostedReceive>> receives_;  // [from]
  Status aborted_;
};

}  // namespace

std::vector<std::unique_ptr<worker::Exchange>> NewSimulatedExchanges(
    World* world, Network* network, std::function<void()> at_event, bool rendezvous,
    const std::vector<uint32_t>& ranks) {
  auto group = std::make_shared<Group>();
  group->world = world;
  group->network = network;
  group->at_event = std::move(at_event);
  group->rendezvous = rendezvous;
  group->ranks = ranks;
  group->boxes.resize(ranks.size() * ranks.size());
  group->last_at.resize(ranks.size() * ranks.size());
  std::vector<std::unique_ptr<worker::Exchange>> exchanges;
  for (uint32_t rank = 0; rank < ranks.size(); ++rank) {
    exchanges.push_back(std::make_unique<SimulatedExchange>(group, rank));
  }
  return exchanges;
}

}  // namespace chorus::simulation
