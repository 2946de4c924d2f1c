#include "launch/watch/http_page.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include "common/strings.h"

namespace chorus::launch {
namespace {

constexpr size_t kMostPageBytes = size_t{16} << 20;

class Socket {
 public:
  explicit Socket(int file) : file_(file) {}
  ~Socket() {
    if (file_ >= 0) close(file_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int file() const { return file_; }

 private:
  const int file_;
};

struct HostAndPort {
  std::string host, port;
};

Result<HostAndPort> ParseEndpoint(const std::string& endpoint) {
  const size_t colon = endpoint.rfind(':');
  const auto port = colon == std::string::npos
                        ? std::nullopt
                        : ParseUint64(std::string_view(endpoint).substr(colon + 1));
  if (!port.has_value() || *port == 0 || *port > 65535) {
    return InvalidArgument(
        StrCat("'", endpoint, "': expected \"host:port\", with a port in [1, 65535]"));
  }
  std::string host = endpoint.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return HostAndPort{host.empty() ? "localhost" : host, StrCat(*port)};
}

Status Silent(const std::string& endpoint, const std::string& why) {
  return Unavailable(StrCat(endpoint, " does not answer (", why, ")"));
}

// Whole calls of the socket: connect, send and each recv.
void SetTimeout(int file, double seconds) {
  timeval time = {};
  time.tv_sec = static_cast<time_t>(seconds);
  time.tv_usec = static_cast<suseconds_t>((seconds - static_cast<double>(time.tv_sec)) * 1e6);
  setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
  setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
}

// What the peer sends until it closes the connection.
Result<std::string> Exchange(const Socket& socket, const std::string& endpoint, double seconds) {
  const std::string request = StrCat("GET /metrics HTTP/1.0\r\nHost: ", endpoint, "\r\n\r\n");
  const ssize_t sent = send(socket.file(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return Silent(endpoint, std::strerror(errno));
  const auto begin = std::chrono::steady_clock::now();
  std::string answer;
  char buffer[1 << 14];
  while (true) {
    const ssize_t bytes = recv(socket.file(), buffer, sizeof(buffer), 0);
    if (bytes == 0) return answer;
    if (bytes < 0) return Silent(endpoint, std::strerror(errno));
    answer.append(buffer, static_cast<size_t>(bytes));
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin;
    if (waited.count() > seconds) return Silent(endpoint, "its page does not end");
    if (answer.size() > kMostPageBytes) return Silent(endpoint, "its page is too large");
  }
}

Result<std::string> BodyOf(const std::string& answer, const std::string& endpoint) {
  const size_t body = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || body == std::string::npos) {
    return Silent(endpoint, "what is there is no HTTP");
  }
  if (answer.compare(8, 5, " 200 ") != 0) {
    return Silent(endpoint, answer.substr(0, answer.find("\r\n")));
  }
  return answer.substr(body + 4);
}

}  // namespace

Status CheckEndpoint(const std::string& endpoint) { return ParseEndpoint(endpoint).status(); }

Result<std::string> ReadMetricsPage(const std::string& endpoint, double seconds) {
  ASSIGN_OR_RETURN(const HostAndPort at, ParseEndpoint(endpoint));
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(at.host.c_str(), at.port.c_str(), &hints, &found);
  if (error != 0) return Silent(endpoint, gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, &freeaddrinfo);
  std::string why = "no address";
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const Socket socket(::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, 0));
    if (socket.file() < 0) continue;
    SetTimeout(socket.file(), seconds);
    if (connect(socket.file(), one->ai_addr, one->ai_addrlen) != 0) {
      why = std::strerror(errno);
      continue;
    }
    ASSIGN_OR_RETURN(const std::string answer, Exchange(socket, endpoint, seconds));
    return BodyOf(answer, endpoint);
  }
  return Silent(endpoint, why);
}

}  // namespace chorus::launch
