#pragma once
// A TCP proxy between a client and a listener, which damages what passes on command.
// Thread safety: all methods from any thread.

#include <cstdint>
#include <list>
#include <string>
#include <thread>

#include "common/mutex.h"
#include "tests/support/tcp_sockets.h"

namespace chorus::testing {

class TcpProxy {
 public:
  explicit TcpProxy(const std::string& target);
  ~TcpProxy();

  std::string endpoint() const { return endpoint_; }
  // Ends every connection now; later ones pass unless Refuse is set.
  void CutAll();
  void Refuse(bool refuse);  // new connections are closed at once
  // Damage of the connections that are made from now on, at a byte counted from a connection's
  // start, in one direction; each Damage replaces the earlier one and strikes once.
  enum class Kind { kNone, kFlip, kCut };
  struct Damage {
    Kind kind = Kind::kNone;
    bool to_listener = true;
    uint64_t at_byte = 0;
  };
  void SetDamage(const Damage& damage);
  void SetDelay(double seconds);  // before each forwarded piece
  uint64_t connections() const;   // made so far
  uint64_t damaged() const;       // Damages that have struck

 private:
  struct Link {
    RawSocket client, listener;
    std::thread to_listener, to_client;
  };
  void Accept();
  void Forward(Link* link, bool to_listener);

  const std::string target_;
  RawSocket acceptor_;
  std::string endpoint_;
  mutable Mutex mutex_;
  bool ending_ GUARDED_BY(mutex_) = false;
  bool refuse_ GUARDED_BY(mutex_) = false;
  Damage damage_ GUARDED_BY(mutex_);
  double delay_seconds_ GUARDED_BY(mutex_) = 0;
  uint64_t connections_ GUARDED_BY(mutex_) = 0;
  uint64_t damaged_ GUARDED_BY(mutex_) = 0;
  std::list<Link> links_ GUARDED_BY(mutex_);
  std::thread thread_;  // last: uses all of the above
};

}  // namespace chorus::testing
