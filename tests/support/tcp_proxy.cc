#include "tests/support/tcp_proxy.h"

#include <chrono>
#include <vector>

namespace chorus::testing {

TcpProxy::TcpProxy(const std::string& target) : target_(target) {
  std::tie(acceptor_, endpoint_) = ListenRaw();
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
    link.to_listener = std::thread([this, link = &link] { Forward(link, true); });
    link.to_client = std::thread([this, link = &link] { Forward(link, false); });
  }
}

void TcpProxy::Forward(Link* link, bool to_listener) {
  RawSocket& from = to_listener ? link->client : link->listener;
  RawSocket& to = to_listener ? link->listener : link->client;
  std::vector<std::byte> buffer(64 << 10);
  uint64_t passed = 0;
  while (true) {
    size_t got = from.Receive(buffer);
    double delay_seconds = 0;
    bool cut = got == 0;
    if (got > 0) {
      const MutexLock lock(mutex_);
      delay_seconds = delay_seconds_;
      const bool strikes = damage_.kind != Kind::kNone && damage_.to_listener == to_listener &&
                           damage_.at_byte >= passed && damage_.at_byte < passed + got;
      if (strikes) {
        const size_t at = damage_.at_byte - passed;
        if (damage_.kind == Kind::kFlip) buffer[at] ^= std::byte{0x10};
        if (damage_.kind == Kind::kCut) got = at;
        cut = damage_.kind == Kind::kCut;
        damage_ = {};
        ++damaged_;
      }
    }
    if (delay_seconds > 0)
      std::this_thread::sleep_for(std::chrono::duration<double>(delay_seconds));
    if (got > 0 && !to.SendAll(std::span(buffer).first(got))) cut = true;
    passed += got;
    if (!cut) continue;
    from.Shutdown();
    to.Shutdown();
    return;
  }
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
