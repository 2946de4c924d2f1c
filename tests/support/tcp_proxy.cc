#include "tests/support/tcp_proxy.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace chorus::testing {

TcpProxy::TcpProxy(const std::string& target) : target_(target) {
  std::tie(acceptor_, endpoint_) = ListenRaw();
  // RawSocket bounds its waits, and the proxy accepts as long as its test runs.
  const timeval forever{0, 0};
  ::setsockopt(acceptor_.fd(), SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
  thread_ = std::thread([this] { Accept(); });
}

TcpProxy::~TcpProxy() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  acceptor_.Shutdown();
  thread_.join();
  CutAll();
  for (Link& link : links_) {
    link.to_listener.join();
    link.to_client.join();
  }
}

void TcpProxy::Accept() {
  while (true) {
    RawSocket client(::accept(acceptor_.fd(), nullptr, nullptr));
    const MutexLock lock(mutex_);
    if (ending_ || client.fd() < 0) return;
    ++connections_;
    if (refuse_) continue;
    RawSocket listener = ConnectRaw(target_);
    if (listener.fd() < 0) continue;
    Link& link = links_.emplace_back();
    link.client = std::move(client);
    link.listener = std::move(listener);
    if (forge_connections_ > 0) {
      --forge_connections_;
      link.forger = std::make_unique<FrameForger>(forge_every_);
    }
    link.to_listener = std::thread([this, link = &link] { Forward(link, true); });
    link.to_client = std::thread([this, link = &link] { Forward(link, false); });
  }
}

bool TcpProxy::Strike(bool to_listener, uint64_t passed, std::vector<std::byte>* piece) {
  if (damage_.kind == Kind::kNone || damage_.to_listener != to_listener ||
      damage_.at_byte < passed || damage_.at_byte >= passed + piece->size()) {
    return false;
  }
  const auto at = piece->begin() + static_cast<long>(damage_.at_byte - passed);
  const auto moved = std::min<long>(kMovedBytes, piece->end() - at);
  const Kind kind = damage_.kind;
  damage_ = {};
  ++damaged_;
  if (kind == Kind::kFlip) *at ^= std::byte{0x10};
  if (kind == Kind::kCut) piece->erase(at, piece->end());
  if (kind == Kind::kDrop) piece->erase(at, at + moved);
  if (kind == Kind::kSwap) std::rotate(at, at + moved / 2, at + moved);
  if (kind == Kind::kRepeat) {
    const std::vector<std::byte> again(at, at + moved);
    piece->insert(at, again.begin(), again.end());
  }
  return kind == Kind::kCut;
}

void TcpProxy::Forward(Link* link, bool to_listener) {
  RawSocket& from = to_listener ? link->client : link->listener;
  RawSocket& to = to_listener ? link->listener : link->client;
  std::vector<std::byte> buffer(64 << 10);
  uint64_t passed = 0;
  while (true) {
    const size_t got = from.Receive(buffer);
    std::vector<std::byte> piece(buffer.begin(), buffer.begin() + static_cast<long>(got));
    double delay_seconds = 0;
    bool cut = got == 0;
    if (got > 0) {
      const MutexLock lock(mutex_);
      delay_seconds = delay_seconds_;
      cut = Strike(to_listener, passed, &piece);
      if (!to_listener && link->forger != nullptr) {
        const uint64_t before = link->forger->forged();
        piece = link->forger->Pass(piece);
        forged_ += link->forger->forged() - before;
      }
    }
    if (delay_seconds > 0)
      std::this_thread::sleep_for(std::chrono::duration<double>(delay_seconds));
    if (!piece.empty() && !to.SendAll(piece)) cut = true;
    passed += got;
    if (!cut) continue;
    from.Shutdown();
    to.Shutdown();
    return;
  }
}

void TcpProxy::SetTarget(const std::string& target) {
  const MutexLock lock(mutex_);
  target_ = target;
}

void TcpProxy::CutAll() {
  const MutexLock lock(mutex_);
  for (Link& link : links_) {
    link.client.Shutdown();
    link.listener.Shutdown();
  }
}

void TcpProxy::Refuse(bool refuse) {
  const MutexLock lock(mutex_);
  refuse_ = refuse;
}

void TcpProxy::SetDamage(const Damage& damage) {
  const MutexLock lock(mutex_);
  damage_ = damage;
}

void TcpProxy::ForgeReplies(uint64_t every, uint64_t connections) {
  const MutexLock lock(mutex_);
  forge_every_ = every;
  forge_connections_ = connections;
}

uint64_t TcpProxy::forged() const {
  const MutexLock lock(mutex_);
  return forged_;
}

void TcpProxy::SetDelay(double seconds) {
  const MutexLock lock(mutex_);
  delay_seconds_ = seconds;
}

uint64_t TcpProxy::connections() const {
  const MutexLock lock(mutex_);
  return connections_;
}

uint64_t TcpProxy::damaged() const {
  const MutexLock lock(mutex_);
  return damaged_;
}

}  // namespace chorus::testing
