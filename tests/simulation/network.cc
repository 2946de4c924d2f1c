#include "tests/simulation/network.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

#include "tests/simulation/simulated_loop.h"

namespace chorus::simulation {
namespace {

// As io_loop.cc sets its sockets: a peer that does not answer is given up after these.
constexpr Nanos kGoneAfter = 25 * kSecond;

}  // namespace

// One end of a connection, with what is on its way to it.
struct ConnectionEnd {
  struct Chunk {
    Nanos at;
    std::string bytes;
    Status end;  // instead of bytes: the connection ends here
  };
  uint32_t rank = 0;
  std::weak_ptr<SimulatedLoop> loop;
  std::weak_ptr<ConnectionEnd> peer;
  uint32_t peer_rank = 0;
  std::string peer_name;
  std::deque<Chunk> incoming;
  size_t taken = 0;   // of the first chunk
  uint64_t sent = 0;  // bytes
  Nanos last_at = 0;  // of what was sent from here
  Status broken;      // writes fail
  bool closed = false;
  std::span<std::byte> out;  // of the read that is under way
  size_t filled = 0;
  bool some = false;  // what is there is enough for it
  std::function<void(Status)> done;
};

namespace {

using EndPointer = std::shared_ptr<ConnectionEnd>;

void Finish(ConnectionEnd* end, Status status) {
  const auto done = std::exchange(end->done, nullptr);
  done(std::move(status));
}

// Fills the read that is under way with what has arrived. On the loop's thread.
void Pump(const EndPointer& end, Nanos now);

void PumpLater(const EndPointer& end) {
  const auto loop = end->loop.lock();
  if (!loop || !end->done || end->incoming.empty()) return;
  loop->At(end->incoming.front().at, [weak = std::weak_ptr(end)] {
    const EndPointer live = weak.lock();
    if (!live) return;
    const auto its = live->loop.lock();
    if (its && its->InLoop()) Pump(live, its->now());
  });
}

void Pump(const EndPointer& end, Nanos now) {
  while (end->done && !end->incoming.empty() && end->incoming.front().at <= now) {
    ConnectionEnd::Chunk& first = end->incoming.front();
    if (!first.end.ok()) {
      if (end->some && end->filled > 0) break;
      end->broken = first.end;
      return Finish(end.get(), first.end);
    }
    const size_t n = std::min(end->out.size() - end->filled, first.bytes.size() - end->taken);
    std::memcpy(end->out.data() + end->filled, first.bytes.data() + end->taken, n);
    end->filled += n;
    end->taken += n;
    if (end->taken == first.bytes.size()) {
      end->incoming.pop_front();
      end->taken = 0;
    }
    if (end->filled == end->out.size()) return Finish(end.get(), Status::Ok());
  }
  if (end->done && end->some && end->filled > 0) return Finish(end.get(), Status::Ok());
  PumpLater(end);
}

}  // namespace

class SimulatedSocket final : public Socket {
 public:
  SimulatedSocket(Network* network, EndPointer end) : network_(*network), end_(std::move(end)) {}
  ~SimulatedSocket() override {
    if (end_) Close();
  }

  void Read(std::span<std::byte> out, std::function<void(Status)> done) override {
    Begin(out, false, std::move(done));
  }

  void ReadSome(std::span<std::byte> out, std::function<void(Result<size_t>)> done) override {
    Begin(out, true, [end = end_.get(), done = std::move(done)](const Status& status) {
      status.ok() ? done(end->filled) : done(status);
    });
  }

  void Write(std::span<const std::span<const std::byte>> pieces,
             std::function<void(Status)> done) override {
    std::string bytes;
    for (const auto& piece : pieces) {
      bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
    if (!end_->closed && end_->broken.ok()) network_.Send(end_.get(), std::move(bytes));
    const auto loop = end_->loop.lock();
    if (loop) {
      loop->Post([end = end_, done = std::move(done)] { done(EndOf(*end)); });
    }
  }

  void Later(std::function<void()> work) override {
    const auto loop = end_->loop.lock();
    if (loop) loop->Post(std::move(work));
  }

  void Close() override {
    if (std::exchange(end_->closed, true)) return;
    network_.Break(end_.get(), end_->last_at, "the peer closed the connection");
    const auto loop = end_->loop.lock();
    if (loop && end_->done) {
      loop->Post([end = end_] {
        if (end->done) Finish(end.get(), Aborted("closed"));
      });
    }
  }

  Result<std::unique_ptr<Socket>> MoveTo(IoLoop& loop) override {
    end_->loop = static_cast<SimulatedLoop&>(loop).weak();
    return std::unique_ptr<Socket>(
        std::make_unique<SimulatedSocket>(&network_, std::exchange(end_, nullptr)));
  }

  const std::string& peer() const override { return end_->peer_name; }
  bool loopback() const override { return false; }
  bool sealed() const override { return false; }

 private:
  void Begin(std::span<std::byte> out, bool some, std::function<void(Status)> done) {
    end_->out = out;
    end_->filled = 0;
    end_->some = some;
    end_->done = std::move(done);
    if (end_->closed || !end_->broken.ok()) {
      const auto loop = end_->loop.lock();
      if (loop)
        loop->Post([end = end_] {
          if (end->done) Finish(end.get(), EndOf(*end));
        });
      return;
    }
    PumpLater(end_);
  }

  static Status EndOf(const ConnectionEnd& end) {
    return end.closed ? Aborted("closed") : end.broken;
  }

  Network& network_;
  EndPointer end_;
};

class SimulatedAcceptor final : public Acceptor {
 public:
  SimulatedAcceptor(Network* network, std::string endpoint, uint16_t port)
      : network_(*network), endpoint_(std::move(endpoint)), port_(port) {}
  ~SimulatedAcceptor() override { network_.ports_.erase(endpoint_); }
  uint16_t port() const override { return port_; }
  void Accept(std::function<void(Result<std::unique_ptr<Socket>>)> done) override {
    Network::Port& port = *network_.ports_.at(endpoint_);
    port.accept = std::move(done);
    if (port.waiting.empty()) return;
    const auto loop = port.loop.lock();
    const EndPointer end = std::move(port.waiting.front());
    port.waiting.erase(port.waiting.begin());
    loop->Post(
        [network = &network_, endpoint = endpoint_, end] { network->Arrive(endpoint, end); });
  }

 private:
  Network& network_;
  const std::string endpoint_;
  const uint16_t port_;
};

std::shared_ptr<IoLoop> Network::NewLoop() {
  return std::make_shared<SimulatedLoop>(this, &world_.scheduler());
}

Result<std::unique_ptr<Acceptor>> SimulatedLoop::Bind(const std::string& address) {
  const uint16_t number = network_.next_port_++;
  const std::string endpoint = StrCat(address, ":", number);
  auto port = std::make_shared<Network::Port>();
  port->rank = rank_;
  port->loop = weak();
  network_.ports_[endpoint] = std::move(port);
  return std::unique_ptr<Acceptor>(
      std::make_unique<SimulatedAcceptor>(&network_, endpoint, number));
}

std::shared_ptr<void> SimulatedLoop::Connect(
    const std::string& endpoint, std::function<void(Result<std::unique_ptr<Socket>>)> done) {
  return network_.Connect(weak().lock(), endpoint, std::move(done));
}

Nanos Network::Latency() {
  Draws& draws = world_.draws();
  double seconds = draws.Between(weather_->latency_low, weather_->latency_high);
  if (draws.Chance(weather_->slow_message)) seconds *= draws.Scaled(1, 100);
  return NanosOf(seconds);
}

Nanos Network::HealedAt(uint32_t a, uint32_t b, Nanos at) const {
  for (const Parting& parting : partings_) {
    const bool between = (parting.a == a && parting.b == b) || (parting.a == b && parting.b == a);
    if (between && parting.from <= at && at < parting.until) return parting.until;
  }
  return at;
}

// What a partition holds up is sent again, at longer and longer intervals, until it is over.
Nanos Network::ArrivalOf(uint32_t from, uint32_t to) {
  const Nanos at = world_.now() + Latency();
  const Nanos healed = HealedAt(from, to, at);
  if (healed == at) return at;
  return healed +
         static_cast<Nanos>(world_.draws().Uniform() * 0.5 * static_cast<double>(healed - at)) +
         Latency();
}

void Network::Part(uint32_t a, uint32_t b, Nanos until) {
  const Nanos now = world_.now();
  partings_.push_back({a, b, now, until});
  if (until - now <= kGoneAfter) return;
  for (const auto& weak : ends_) {
    const EndPointer end = weak.lock();
    if (!end || end->closed) continue;
    if ((end->rank == a && end->peer_rank == b) || (end->rank == b && end->peer_rank == a)) {
      Break(end.get(), now + kGoneAfter, "connection timed out");
    }
  }
}

void Network::Drop(uint32_t rank, bool silent) {
  for (auto it = ports_.begin(); it != ports_.end();) {
    it = it->second->rank == rank && !silent ? ports_.erase(it) : std::next(it);
  }
  for (const auto& weak : ends_) {
    const EndPointer end = weak.lock();
    if (!end || end->rank != rank || end->closed) continue;
    const Nanos at = silent ? world_.now() + kGoneAfter : ArrivalOf(rank, end->peer_rank);
    Break(end.get(), at, silent ? "connection timed out" : "connection reset by peer");
    end->closed = true;
  }
}

// The other end learns that the connection is over, behind what was sent before.
void Network::Break(ConnectionEnd* end, Nanos at, const std::string& why) {
  const EndPointer peer = end->peer.lock();
  if (!peer || peer->closed) return;
  at = std::max({at, end->last_at, world_.now()});
  end->last_at = at;
  peer->incoming.push_back({at, "", Unavailable(why)});
  PumpLater(peer);
}

void Network::Send(ConnectionEnd* from, std::string bytes) {
  at_event_();
  const EndPointer peer = from->peer.lock();
  if (!peer) return;
  Draws& draws = world_.draws();
  // The handshake's bits are not flipped: what TCP lets through of these is too rare to be told from
  // a stranger.
  if (from->sent > 4096 && draws.Chance(weather_->flip_on_wire)) {
    bytes[draws.Below(bytes.size())] ^= static_cast<char>(1 << draws.Below(8));
    world_.Count(Fault::kFlipOnWire);
    world_.Trace("flips a bit of ", bytes.size(), " bytes to rank ", peer->rank);
  }
  const bool cut = draws.Chance(weather_->cut);
  if (cut) {
    bytes.resize(draws.Below(bytes.size() + 1));
    world_.Count(Fault::kCut);
    world_.Trace("connection to rank ", peer->rank, " cut after ", bytes.size(), " bytes");
  }
  from->sent += bytes.size();
  from->last_at = std::max(from->last_at, ArrivalOf(from->rank, peer->rank));
  if (!peer->closed && !bytes.empty()) {
    peer->incoming.push_back({from->last_at, std::move(bytes), Status::Ok()});
    PumpLater(peer);
  }
  if (!cut) return;
  const std::string why = "connection reset by peer";
  Break(from, from->last_at, why);
  Break(peer.get(), ArrivalOf(peer->rank, from->rank), why);
}

std::shared_ptr<void> Network::Connect(const std::shared_ptr<SimulatedLoop>& loop,
                                       const std::string& endpoint,
                                       std::function<void(Result<std::unique_ptr<Socket>>)> done) {
  struct Attempt {
    std::function<void(Result<std::unique_ptr<Socket>>)> done;
  };
  auto attempt = std::make_shared<Attempt>();
  attempt->done = std::move(done);
  const auto cancel =
      std::shared_ptr<void>(attempt.get(), [attempt](void*) { attempt->done = nullptr; });
  const auto tell = [weak = std::weak_ptr(attempt)](Result<std::unique_ptr<Socket>> result) {
    const auto live = weak.lock();
    if (!live || !live->done) return;
    std::exchange(live->done, nullptr)(std::move(result));
  };
  const uint32_t from = loop->rank();
  const auto found = ports_.find(endpoint);
  const Nanos back = world_.now() + 2 * Latency();
  if (found == ports_.end()) {
    loop->At(back, [tell] { tell(Unavailable("connection refused")); });
    return cancel;
  }
  const uint32_t to = found->second->rank;
  // Into a partition, or to a host that is gone: no answer at all.
  if (HealedAt(from, to, world_.now()) != world_.now() || world_.scheduler().is_dead(to))
    return cancel;
  auto client = std::make_shared<ConnectionEnd>();
  auto server = std::make_shared<ConnectionEnd>();
  client->rank = server->peer_rank = from;
  server->rank = client->peer_rank = to;
  client->loop = loop;
  server->loop = found->second->loop;
  client->peer = server;
  server->peer = client;
  client->peer_name = endpoint;
  server->peer_name = StrCat(HostOf(from), ":", next_port_++);
  ends_.push_back(client);
  ends_.push_back(server);
  loop->At(back, [this, tell, client] {
    tell(std::unique_ptr<Socket>(std::make_unique<SimulatedSocket>(this, client)));
  });
  if (const auto listening = found->second->loop.lock()) {
    listening->At(world_.now() + Latency(), [this, endpoint, server] { Arrive(endpoint, server); });
  }
  return cancel;
}

// On the listener's loop.
void Network::Arrive(const std::string& endpoint, EndPointer server_end) {
  const auto found = ports_.find(endpoint);
  if (found == ports_.end()) {
    return Break(server_end.get(), world_.now(), "the peer closed the connection");
  }
  Port& port = *found->second;
  if (!port.accept) return port.waiting.push_back(std::move(server_end));
  const auto accept = std::exchange(port.accept, nullptr);
  accept(std::unique_ptr<Socket>(std::make_unique<SimulatedSocket>(this, std::move(server_end))));
}

}  // namespace chorus::simulation
