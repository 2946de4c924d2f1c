#include "launch/watch/http_page.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
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

// The end of all waits for one page.
class Deadline {
 public:
  explicit Deadline(double seconds)
      : end_(std::chrono::steady_clock::now() +
             std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                 std::chrono::duration<double>(seconds))) {}
  // Until the socket is ready for `events` or has failed; false: not in time.
  bool Await(int file, short events) const {
    while (true) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      pollfd one = {file, events, 0};
      const int ready = poll(&one, 1, static_cast<int>(left.count()));
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return false;
    }
  }

 private:
  const std::chrono::steady_clock::time_point end_;
};

constexpr char kTooLate[] = "not in time";

// "", or the reason why there is no connection. The socket does not block.
std::string Connect(const Socket& socket, const addrinfo& to, const Deadline& deadline) {
  if (connect(socket.file(), to.ai_addr, to.ai_addrlen) == 0) return "";
  if (errno != EINPROGRESS && errno != EINTR) return std::strerror(errno);
  if (!deadline.Await(socket.file(), POLLOUT)) return kTooLate;
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(socket.file(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? "" : std::strerror(error);
}

// The bytes that the peer sends until it closes the connection.
Result<std::string> Exchange(const Socket& socket, const std::string& endpoint,
                             const Deadline& deadline) {
  const std::string request = StrCat("GET /metrics HTTP/1.0\r\nHost: ", endpoint, "\r\n\r\n");
  // The send buffer of a new connection has room for the whole request.
  const ssize_t sent = send(socket.file(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent < 0) return Silent(endpoint, std::strerror(errno));
  if (sent != static_cast<ssize_t>(request.size())) return Silent(endpoint, "it takes no request");
  std::string answer;
  char buffer[1 << 14];
  while (true) {
    if (!deadline.Await(socket.file(), POLLIN)) {
      return Silent(endpoint, answer.empty() ? kTooLate : "its page does not end");
    }
    const ssize_t bytes = recv(socket.file(), buffer, sizeof(buffer), 0);
    if (bytes == 0) return answer;
    if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (bytes < 0) return Silent(endpoint, std::strerror(errno));
    answer.append(buffer, static_cast<size_t>(bytes));
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
  const Deadline deadline(seconds);
  std::string why = "no address";
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int type = one->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const Socket socket(::socket(one->ai_family, type, 0));
    if (socket.file() < 0) continue;
    why = Connect(socket, *one, deadline);
    if (!why.empty()) continue;
    ASSIGN_OR_RETURN(const std::string answer, Exchange(socket, endpoint, deadline));
    return BodyOf(answer, endpoint);
  }
  return Silent(endpoint, why);
}

}  // namespace chorus::launch
