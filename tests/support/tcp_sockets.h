#pragma once
// Plain blocking TCP sockets for tests that speak bytes by hand. Every wait is bounded by 10
// seconds.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::testing {

class RawSocket {
 public:
  explicit RawSocket(int fd = -1) : fd_(fd) {
    if (fd_ < 0) return;
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawSocket& operator=(RawSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~RawSocket() {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd() const { return fd_; }
  // Ends both directions; blocked calls of other threads return.
  void Shutdown() { ::shutdown(fd_, SHUT_RDWR); }
  bool SendAll(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<size_t>(sent));
    }
    return true;
  }
  // What has arrived, at most out.size() bytes; 0 at the end of the stream, after an error or 10
  // seconds.
  size_t Receive(std::span<std::byte> out) {
    const ssize_t got = ::recv(fd_, out.data(), out.size(), 0);
    return got > 0 ? static_cast<size_t>(got) : 0;
  }
  bool ReceiveAll(std::span<std::byte> out) {
    while (!out.empty()) {
      const size_t got = Receive(out);
      if (got == 0) return false;
      out = out.subspan(got);
    }
    return true;
  }

 private:
  int fd_;
};

// REQUIRES: "a.b.c.d:port".
inline RawSocket ConnectRaw(const std::string& endpoint) {
  const size_t colon = endpoint.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  CHECK(::inet_pton(AF_INET, endpoint.substr(0, colon).c_str(), &address.sin_addr) == 1);
  address.sin_port = htons(static_cast<uint16_t>(*ParseUint64(endpoint.substr(colon + 1))));
  RawSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return RawSocket();
  }
  return socket;
}

// Listens on a free port of 127.0.0.1.
inline std::pair<RawSocket, std::string> ListenRaw() {
  RawSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(::listen(socket.fd(), 64) == 0);
  socklen_t length = sizeof(address);
  CHECK(::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return {std::move(socket), StrCat("127.0.0.1:", ntohs(address.sin_port))};
}

}  // namespace chorus::testing
