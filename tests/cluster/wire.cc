#include "tests/cluster/wire.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::cluster {
namespace {

constexpr size_t kLargestFrame = 65536;
constexpr size_t kAddressBytes = 6;                   // destination, then source
constexpr size_t kHeadBytes = 2 * kAddressBytes + 2;  // and the kind of what follows

Result<int> OpenTap(const std::string& namespace_file, const std::string& name) {
  const int there = open(namespace_file.c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0 || setns(there, CLONE_NEWNET) != 0) {
    if (there >= 0) close(there);
    return FailedPrecondition(StrCat("entering a network namespace: ", std::strerror(errno)));
  }
  close(there);
  const int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  ifreq request = {};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  if (tap < 0 || ioctl(tap, TUNSETIFF, &request) != 0) {
    const std::string error = std::strerror(errno);
    if (tap >= 0) close(tap);
    return FailedPrecondition("a device of /dev/net/tun: " + error);
  }
  return tap;
}

}  // namespace

Wire::Wire(uint64_t seed) : random_(seed) { CHECK(pipe2(wake_, O_CLOEXEC) == 0); }

Wire::~Wire() {
  close(wake_[1]);
  if (thread_.joinable()) thread_.join();
  close(wake_[0]);
  for (const int port : ports_) close(port);
}

// On a thread of its own, which alone enters the namespace.
Status Wire::Plug(const std::string& namespace_file, const std::string& name) {
  Status status;
  int tap = -1;
  std::thread([&] {
    const Result<int> opened = OpenTap(namespace_file, name);
    status = opened.ok() ? Status::Ok() : opened.status();
    if (opened.ok()) tap = *opened;
  }).join();
  RETURN_IF_ERROR(status);
  ports_.push_back(tap);
  const MutexLock lock(mutex_);
  cut_.push_back(false);
  return Status::Ok();
}

void Wire::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Wire::SetDelay(double seconds) {
  const MutexLock lock(mutex_);
  delay_ = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

void Wire::SetLoss(double probability) {
  const MutexLock lock(mutex_);
  loss_ = probability;
}

void Wire::Cut(size_t port, bool cut) {
  const MutexLock lock(mutex_);
  CHECK(port < cut_.size(), "nothing is plugged in there");
  cut_[port] = cut;
}

void Wire::ListenFor(const std::string& text) {
  const MutexLock lock(mutex_);
  listened_for_ = text;
  heard_ = 0;
}

uint64_t Wire::heard() {
  const MutexLock lock(mutex_);
  return heard_;
}

uint64_t Wire::CarriedBytes(uint16_t ether_type) {
  const MutexLock lock(mutex_);
  return carried_[ether_type];
}

void Wire::Run() {
  std::vector<pollfd> waits;
  for (const int port : ports_) waits.push_back({port, POLLIN, 0});
  waits.push_back({wake_[0], POLLIN, 0});
  while (true) {
    int timeout_ms = -1;
    {
      const MutexLock lock(mutex_);
      if (!flying_.empty()) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(flying_.front().due - Clock::now());
        timeout_ms = std::max<int>(0, static_cast<int>(left.count()));
      }
    }
    poll(waits.data(), waits.size(), timeout_ms);
    if (waits.back().revents != 0) return;
    const MutexLock lock(mutex_);
    for (size_t port = 0; port < ports_.size(); ++port) {
      if (waits[port].revents != 0) Receive(port);
    }
    while (!flying_.empty() && flying_.front().due <= Clock::now()) {
      Deliver(flying_.front());
      flying_.pop_front();
    }
  }
}

void Wire::Receive(size_t port) {
  std::string bytes(kLargestFrame, '\0');
  const ssize_t got = read(ports_[port], bytes.data(), bytes.size());
  if (got < static_cast<ssize_t>(kHeadBytes)) return;
  bytes.resize(static_cast<size_t>(got));
  if (cut_[port] || std::uniform_real_distribution<double>()(random_) < loss_) return;
  port_of_[bytes.substr(kAddressBytes, kAddressBytes)] = port;
  const auto byte = [&](size_t at) { return static_cast<uint16_t>(bytes[at] & 0xff); };
  carried_[static_cast<uint16_t>(byte(2 * kAddressBytes) << 8 | byte(2 * kAddressBytes + 1))] +=
      bytes.size();
  if (!listened_for_.empty() && bytes.find(listened_for_) != std::string::npos) ++heard_;
  flying_.push_back({Clock::now() + delay_, port, std::move(bytes)});
}

void Wire::Deliver(const Frame& frame) {
  const auto known = port_of_.find(frame.bytes.substr(0, kAddressBytes));
  for (size_t port = 0; port < ports_.size(); ++port) {
    if (port == frame.from || cut_[port]) continue;
    if (known != port_of_.end() && known->second != port) continue;
    // A full device loses the frame, as a switch would.
    if (write(ports_[port], frame.bytes.data(), frame.bytes.size()) < 0) continue;
  }
}

}  // namespace chorus::cluster
