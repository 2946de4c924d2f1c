// A call over the TCP transport in ratio to a blocking ping-pong of the same bytes over a plain TCP
// connection, both on loopback and in the same run, with the transport's connections authenticated
// and encrypted in turns; and the same for a stream of large frames.
// Latency on an idle virtual machine is the wake-up of a halted core: pin the program to one core
// (taskset -c 0) for it. Prints a table and a line of JSON per size; ends with 1 if a call failed.
//   transport_perf [bytes ...]          default 64 4096 65536 1048576 16777216 134217728

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "common/strings.h"
#include "common/transport.h"
#include "tests/support/tcp_sockets.h"

namespace {

using namespace chorus;  // NOLINT: a program of one file
using Clock = std::chrono::steady_clock;

struct Times {
  double best_us = 0;
  double median_us = 0;
  double p99_us = 0;
  double cpu_us = 0;  // of all threads, per round trip
};

double ProcessorMicroseconds() {
  rusage usage;
  CHECK(::getrusage(RUSAGE_SELF, &usage) == 0);
  const auto us = [](const timeval& time) {
    return 1e6 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// Round trips one after another, after some to warm up.
class Series {
 public:
  template <typename RoundTrip>
  void Run(int rounds, RoundTrip&& round_trip) {
    double cpu_begin = 0;
    const int warm_up = rounds / 10 + 1;
    for (int i = 0; i < warm_up + rounds; ++i) {
      if (i == warm_up) cpu_begin = ProcessorMicroseconds();
      const auto begin = Clock::now();
      round_trip();
      const std::chrono::duration<double, std::micro> spent = Clock::now() - begin;
      if (i >= warm_up) us_.push_back(spent.count());
    }
    cpu_us_ += ProcessorMicroseconds() - cpu_begin;
  }
  Times times() const {
    std::vector<double> us = us_;
    std::sort(us.begin(), us.end());
    return {us[0], us[us.size() / 2], us[us.size() * 99 / 100],
            cpu_us_ / static_cast<double>(us.size())};
  }

 private:
  std::vector<double> us_;
  double cpu_us_ = 0;
};

// Two threads that send the same bytes to and fro over a plain connection.
class RawPingPong {
 public:
  explicit RawPingPong(size_t bytes) : buffer_(Buffer(bytes)) {
    auto [acceptor, endpoint] = testing::ListenRaw();
    acceptor_ = std::move(acceptor);
    server_ = std::thread([fd = acceptor_.fd(), bytes] {
      testing::RawSocket socket(::accept(fd, nullptr, nullptr));
      // The calls' turns may last longer than a read may wait elsewhere; this ends when the client
      // closes.
      const timeval unbounded{};
      ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &unbounded, sizeof(unbounded));
      ByteArray buffer = Buffer(bytes);
      while (socket.ReceiveAll({buffer.data(), bytes}) && socket.SendAll({buffer.data(), bytes})) {
      }
    });
    socket_.emplace(testing::ConnectRaw(endpoint));
  }
  ~RawPingPong() {
    socket_->Shutdown();
    server_.join();
  }
  void RoundTrip() {
    CHECK(socket_->SendAll({buffer_.data(), buffer_.size()}) &&
          socket_->ReceiveAll({buffer_.data(), buffer_.size()}));
  }

 private:
  // Allocated as a frame's arrays are: pages and alignment matter for the cost of the kernel's
  // copies.
  static ByteArray Buffer(size_t bytes) {
    ByteArray buffer = ByteArray::Allocate(bytes);
    std::fill_n(buffer.data(), bytes, std::byte{1});
    return buffer;
  }

  ByteArray buffer_;
  testing::RawSocket acceptor_;
  std::optional<testing::RawSocket> socket_;
  std::thread server_;
};

// A server that sends back what it gets, and a client, with one protection.
struct Pair {
  Pair(const char* name_of, Protection protection) : name(name_of) {
    TransportOptions options;
    options.token = "perf";
    options.protection = protection;
    options.listen_address = "127.0.0.1";
    options.max_part_bytes = 1 << 20;
    options.max_frame_bytes = 1 << 30;
    server = NewTcpTransport(options);
    client = NewTcpTransport(options);
    auto listening = server->Listen(
        [](Frame request, const Responder& respond) { respond(std::move(request)); });
    CHECK(listening.ok());
    listener = std::move(*listening);
    channel = client->Connect(listener->endpoint(), "server 0").value();
  }

  const char* name;
  std::unique_ptr<Transport> server, client;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Channel> channel;
  Series series;
};

void Print(size_t bytes, const Pair& pair, const Times& raw, const Times& first) {
  const Times call = pair.series.times();
  // Both directions carry the bytes.
  const double both_ways = 2.0 * static_cast<double>(bytes) / 1e3;
  std::printf(
      "%9zu %-13s %9.1f %9.1f %9.1f %9.1f %7.2f %7.2f %7.2f %7.2f %9.1f %8.2f %7.2f %7.2f\n", bytes,
      pair.name, raw.median_us, raw.p99_us, call.median_us, call.p99_us,
      call.median_us / raw.median_us, call.best_us / raw.best_us, call.cpu_us / raw.cpu_us,
      both_ways / call.median_us, call.cpu_us, 2 * both_ways / call.cpu_us,
      call.median_us / first.median_us, call.cpu_us / first.cpu_us);
  std::printf(
      "{\"perf\":\"transport\",\"protection\":\"%s\",\"bytes\":%zu,\"raw_us\":%.2f,"
      "\"raw_best_us\":%.2f,\"raw_cpu_us\":%.2f,\"call_us\":%.2f,\"call_best_us\":%.2f,"
      "\"call_p99_us\":%.2f,\"cpu_us\":%.2f}\n",
      pair.name, bytes, raw.median_us, raw.best_us, raw.cpu_us, call.median_us, call.best_us,
      call.p99_us, call.cpu_us);
}

// Taken in turns, so that other load on the machine affects all alike.
bool MeasureSize(size_t bytes) {
  constexpr int kTurns = 5;
  const int rounds = bytes > (16u << 20)  ? 10
                     : bytes > (1u << 20) ? 50
                     : bytes > 65536      ? 400
                                          : 2000;
  Frame request;
  request.type = FrameType::kStep;
  request.arrays.push_back(ByteArray::Allocate(bytes));
  std::fill_n(request.arrays[0].data(), bytes, std::byte{1});
  bool right = true;
  RawPingPong raw(bytes);
  Series raw_series;
  Pair pairs[] = {{"authenticated", Protection::kAuthenticated},
                  {"encrypted", Protection::kEncrypted}};
  for (int turn = 0; turn < kTurns; ++turn) {
    raw_series.Run(rounds / kTurns, [&] { raw.RoundTrip(); });
    for (Pair& pair : pairs) {
      pair.series.Run(rounds / kTurns, [&] {
        const Result<Frame> reply = pair.channel->Call(request, 30);
        right = right && reply.ok() && reply->arrays.at(0).size() == bytes;
      });
    }
  }
  for (const Pair& pair : pairs) Print(bytes, pair, raw_series.times(), pairs[0].series.times());
  if (!right) std::printf("FAILED: a call of %zu bytes\n", bytes);
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<size_t> sizes = {64, 4096, 65536, 1u << 20, 16u << 20, 128u << 20};
  if (argc > 1) sizes.clear();
  for (int i = 1; i < argc; ++i) {
    const int64_t bytes = ParseInt64(argv[i]).value_or(0);
    if (bytes < 1 || bytes > (1 << 29)) {
      std::fprintf(stderr, "transport_perf: %s: a number of bytes, 1 to 536870912\n", argv[i]);
      return 1;
    }
    sizes.push_back(static_cast<size_t>(bytes));
  }
  std::printf("%9s %-13s %9s %9s %9s %9s %7s %7s %7s %7s %9s %8s %7s %7s\n", "bytes", "protection",
              "raw_us", "raw_p99", "call_us", "call_p99", "ratio", "r_best", "r_cpu", "GB/s",
              "cpu_us", "GB/s/cpu", "x_time", "x_cpu");
  bool right = true;
  for (const size_t bytes : sizes) right = MeasureSize(bytes) && right;
  return right ? 0 : 1;
}
