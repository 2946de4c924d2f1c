// A call over the TCP transport in ratio to a blocking ping-pong of the same bytes over a plain TCP
// connection, both on loopback and in the same run, with the transport's connections authenticated
// and encrypted in turns; and the same for a stream of large frames.
// Latency on an idle virtual machine is the wake-up of a halted core: pin the program to one core
// (taskset -c 0) for it. Prints a table and a line of JSON a size; ends with 1 if a call failed.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "common/transport.h"
#include "tests/support/tcp_sockets.h"

namespace {

using namespace chorus;  // NOLINT: a program of one file
using Clock = std::chrono::steady_clock;

struct Times {
  double median_us = 0;
  double p99_us = 0;
  double cpu_us = 0;  // of all threads, a round trip
};

double ProcessorMicroseconds() {
  rusage usage;
  CHECK(::getrusage(RUSAGE_SELF, &usage) == 0);
  const auto us = [](const timeval& time) {
    return 1e6 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// Round trips one after another, the first tenth to warm up.
class Series {
 public:
  template <typename RoundTrip>
  void Run(int rounds, RoundTrip&& round_trip) {
    double cpu_begin = 0;
    for (int i = 0; i < rounds + rounds / 10; ++i) {
      if (i == rounds / 10) cpu_begin = ProcessorMicroseconds();
      const auto begin = Clock::now();
      round_trip();
      const std::chrono::duration<double, std::micro> spent = Clock::now() - begin;
      if (i >= rounds / 10) us_.push_back(spent.count());
    }
    cpu_us_ += ProcessorMicroseconds() - cpu_begin;
  }
  Times times() const {
    std::vector<double> us = us_;
    std::sort(us.begin(), us.end());
    return {us[us.size() / 2], us[us.size() * 99 / 100], cpu_us_ / static_cast<double>(us.size())};
  }

 private:
  std::vector<double> us_;
  double cpu_us_ = 0;
};

Times RawPingPong(size_t bytes, int rounds) {
  auto [acceptor, endpoint] = testing::ListenRaw();
  std::thread server([fd = acceptor.fd(), bytes] {
    testing::RawSocket socket(::accept(fd, nullptr, nullptr));
    std::vector<std::byte> buffer(bytes);
    while (socket.ReceiveAll(buffer) && socket.SendAll(buffer)) {
    }
  });
  testing::RawSocket socket = testing::ConnectRaw(endpoint);
  std::vector<std::byte> buffer(bytes);
  Series series;
  series.Run(rounds, [&] { CHECK(socket.SendAll(buffer) && socket.ReceiveAll(buffer)); });
  socket.Shutdown();
  server.join();
  return series.times();
}

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
  std::printf("%9zu %-13s %9.1f %9.1f %9.1f %9.1f %7.2f %7.2f %9.1f %8.2f %7.2f %7.2f\n", bytes,
              pair.name, raw.median_us, raw.p99_us, call.median_us, call.p99_us,
              call.median_us / raw.median_us, both_ways / call.median_us, call.cpu_us,
              2 * both_ways / call.cpu_us, call.median_us / first.median_us,
              call.cpu_us / first.cpu_us);
  std::printf(
      "{\"perf\":\"transport\",\"protection\":\"%s\",\"bytes\":%zu,\"raw_us\":%.2f,"
      "\"call_us\":%.2f,\"call_p99_us\":%.2f,\"cpu_us\":%.2f}\n",
      pair.name, bytes, raw.median_us, call.median_us, call.p99_us, call.cpu_us);
}

// In turns, so that what else the machine does meets all alike.
bool MeasureSize(size_t bytes) {
  constexpr int kTurns = 5;
  const int rounds = bytes > (16u << 20) ? 10 : bytes > (1u << 20) ? 50 : 2000;
  Frame request;
  request.type = FrameType::kStep;
  request.arrays.push_back(ByteArray::Allocate(bytes));
  std::fill_n(request.arrays[0].data(), bytes, std::byte{1});
  bool right = true;
  const Times raw = RawPingPong(bytes, rounds);
  Pair pairs[] = {{"authenticated", Protection::kAuthenticated},
                  {"encrypted", Protection::kEncrypted}};
  for (int turn = 0; turn < kTurns; ++turn) {
    for (Pair& pair : pairs) {
      pair.series.Run(rounds / kTurns, [&] {
        const Result<Frame> reply = pair.channel->Call(request, 30);
        right = right && reply.ok() && reply->arrays.at(0).size() == bytes;
      });
    }
  }
  for (const Pair& pair : pairs) Print(bytes, pair, raw, pairs[0].series.times());
  if (!right) std::printf("FAILED: a call of %zu bytes\n", bytes);
  return right;
}

}  // namespace

int main() {
  std::printf("%9s %-13s %9s %9s %9s %9s %7s %7s %9s %8s %7s %7s\n", "bytes", "protection",
              "raw_us", "raw_p99", "call_us", "call_p99", "ratio", "GB/s", "cpu_us", "GB/s/cpu",
              "x_time", "x_cpu");
  bool right = true;
  for (const size_t bytes : {64u, 4096u, 65536u, 1u << 20, 16u << 20, 128u << 20}) {
    right = MeasureSize(bytes) && right;
  }
  return right ? 0 : 1;
}
