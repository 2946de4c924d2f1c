#pragma once
// A switch in this process whose cables are TAP devices: frames take as long, and are lost or
// stopped, as the test says, by the test's seed, on kernels with and without netem.
// Thread safety: any thread.

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"

namespace chorus::cluster {

class Wire {
 public:
  explicit Wire(uint64_t seed);
  ~Wire();  // unplugs all
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Makes a device `name` in the network namespace that the file stands for, and plugs it in as the
  // next port. Error: kFailedPrecondition, this machine or its rights do not allow it.
  Status Plug(const std::string& namespace_file, const std::string& name);
  void Start();  // after the last Plug

  void SetDelay(double seconds);     // of each frame
  void SetLoss(double probability);  // of each frame
  void Cut(size_t port, bool cut);   // nothing passes in either direction
  // The bytes in frames of this kind, kIPv4 or kIPv6, so far.
  uint64_t CarriedBytes(uint16_t ether_type);
  // From now on, frames with this text in them are counted.
  void ListenFor(const std::string& text);
  uint64_t heard();
  static constexpr uint16_t kIPv4 = 0x0800, kIPv6 = 0x86dd;

 private:
  using Clock = std::chrono::steady_clock;
  struct Frame {
    Clock::time_point due;
    size_t from = 0;
    std::string bytes;
  };

  void Run();
  void Receive(size_t port) REQUIRES_LOCK(mutex_);
  void Deliver(const Frame& frame) REQUIRES_LOCK(mutex_);

  std::vector<int> ports_;
  int wake_[2] = {-1, -1};  // a pipe whose end ends the thread
  std::thread thread_;
  Mutex mutex_;
  std::mt19937_64 random_ GUARDED_BY(mutex_);
  Clock::duration delay_ GUARDED_BY(mutex_) = Clock::duration::zero();
  double loss_ GUARDED_BY(mutex_) = 0;
  std::vector<bool> cut_ GUARDED_BY(mutex_);
  std::map<uint16_t, uint64_t> carried_ GUARDED_BY(mutex_);
  std::string listened_for_ GUARDED_BY(mutex_);  // "" = nothing
  uint64_t heard_ GUARDED_BY(mutex_) = 0;
  // In the order of arrival, which is that of `due` unless the delay has changed.
  std::deque<Frame> flying_ GUARDED_BY(mutex_);
  std::map<std::string, size_t> port_of_ GUARDED_BY(mutex_);  // by hardware address
};

}  // namespace chorus::cluster
