#pragma once
// A TCP proxy between a client and a listener, which damages what passes on command.
// Thread safety: all methods from any thread.

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "tests/support/frame_forger.h"
#include "tests/support/tcp_sockets.h"

namespace chorus::testing {

class TcpProxy {
 public:
  explicit TcpProxy(const std::string& target);
  ~TcpProxy();

  std::string endpoint() const { return endpoint_; }
  void SetTarget(const std::string& target);  // for connections that are made from now on
  // Ends every connection now; later ones pass unless Refuse is set.
  void CutAll();
  void Refuse(bool refuse);  // new connections are closed at once
  // Damage of the connections that are made from now on, at a byte counted from a connection's
  // start, in one direction; each Damage replaces the earlier one and strikes once.
  // kDrop and kRepeat strike kMovedBytes from there on; kSwap swaps their halves.
  enum class Kind { kNone, kFlip, kCut, kDrop, kRepeat, kSwap };
  static constexpr size_t kMovedBytes = 64;
  struct Damage {
    Kind kind = Kind::kNone;
    bool to_listener = true;
    uint64_t at_byte = 0;
  };
  void SetDamage(const Damage& damage);
  // The next `connections` connections pass a FrameForger in the direction to the client.
  void ForgeReplies(uint64_t every, uint64_t connections);
  uint64_t forged() const;        // parts so far
  void SetDelay(double seconds);  // before each forwarded piece
  uint64_t connections() const;   // made so far
  uint64_t damaged() const;       // Damages that have struck

 private:
  struct Link {
    RawSocket client, listener;
    std::unique_ptr<FrameForger> forger;  // of what goes to the client; null: none
    std::thread to_listener, to_client;
  };
  void Accept();
  void Forward(Link* link, bool to_listener);
  // Damages `piece`, which begins at byte `passed`, where the damage strikes. True: the connection
  // ends after it.
  bool Strike(bool to_listener, uint64_t passed, std::vector<std::byte>* piece)
      REQUIRES_LOCK(mutex_);

  RawSocket acceptor_;
  std::string endpoint_;
  mutable Mutex mutex_;
  std::string target_ GUARDED_BY(mutex_);
  bool ending_ GUARDED_BY(mutex_) = false;
  bool refuse_ GUARDED_BY(mutex_) = false;
  Damage damage_ GUARDED_BY(mutex_);
  uint64_t forge_every_ GUARDED_BY(mutex_) = 0;
  uint64_t forge_connections_ GUARDED_BY(mutex_) = 0;
  uint64_t forged_ GUARDED_BY(mutex_) = 0;
  double delay_seconds_ GUARDED_BY(mutex_) = 0;
  uint64_t connections_ GUARDED_BY(mutex_) = 0;
  uint64_t damaged_ GUARDED_BY(mutex_) = 0;
  std::list<Link> links_ GUARDED_BY(mutex_);
  std::thread thread_;  // last: uses all of the above
};

}  // namespace chorus::testing
