// A call over the TCP transport in ratio to a blocking ping-pong of the same bytes over a plain TCP
// connection, both on loopback and in the same run; and the same for a stream of large frames.
// Latency on an idle virtual machine is the wake-up of a halted core: pin the program to one core
// (taskset -c 0) for it. Prints a table and a line of JSON a size; ends with 1 if a call failed.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
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

// One round trip after another, the first tenth to warm up.
template <typename RoundTrip>
Times Measure(int rounds, RoundTrip&& round_trip) {
  std::vector<double> us;
  double cpu_begin = 0;
  for (int i = 0; i < rounds + rounds / 10; ++i) {
    if (i == rounds / 10) cpu_begin = ProcessorMicroseconds();
    const auto begin = Clock::now();
    round_trip();
    const std::chrono::duration<double, std::micro> spent = Clock::now() - begin;
    if (i >= rounds / 10) us.push_back(spent.count());
  }
  const double cpu_us = ProcessorMicroseconds() - cpu_begin;
  std::sort(us.begin(), us.end());
  return {us[us.size() / 2], us[us.size() * 99 / 100], cpu_us / rounds};
}

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
  const Times times =
      Measure(rounds, [&] { CHECK(socket.SendAll(buffer) && socket.ReceiveAll(buffer)); });
  socket.Shutdown();
  server.join();
  return times;
}

bool MeasureSize(Channel& channel, size_t bytes) {
  const int rounds = bytes > (16u << 20) ? 10 : bytes > (1u << 20) ? 50 : 2000;
  Frame request;
  request.type = FrameType::kStep;
  request.arrays.push_back(ByteArray::Allocate(bytes));
  std::fill_n(request.arrays[0].data(), bytes, std::byte{1});
  bool right = true;
  const Times raw = RawPingPong(bytes, rounds);
  const Times call = Measure(rounds, [&] {
    const Result<Frame> reply = channel.Call(request, 30);
    right = right && reply.ok() && reply->arrays.at(0).size() == bytes;
  });
  // Both directions carry the bytes.
  const double both_ways = 2.0 * static_cast<double>(bytes) / 1e3;
  std::printf("%9zu %9.1f %9.1f %9.1f %9.1f %7.2f %7.2f %9.1f %7.2f %s\n", bytes, raw.median_us,
              raw.p99_us, call.median_us, call.p99_us, call.median_us / raw.median_us,
              both_ways / call.median_us, call.cpu_us, 2 * both_ways / call.cpu_us,
              right ? "ok" : "FAILED");
  std::printf(
      "{\"perf\":\"transport\",\"bytes\":%zu,\"raw_us\":%.2f,\"call_us\":%.2f,\"call_p99_us\":%.2f,"
      "\"cpu_us\":%.2f}\n",
      bytes, raw.median_us, call.median_us, call.p99_us, call.cpu_us);
  return right;
}

}  // namespace

int main() {
  TransportOptions options;
  options.token = "perf";
  options.listen_address = "127.0.0.1";
  options.max_part_bytes = 1 << 20;
  options.max_frame_bytes = 1 << 30;
  const auto server = NewTcpTransport(options), client = NewTcpTransport(options);
  const auto listener =
      server->Listen([](Frame request, const Responder& respond) { respond(std::move(request)); });
  CHECK(listener.ok());
  const auto channel = client->Connect((*listener)->endpoint(), "server 0").value();
  std::printf("%9s %9s %9s %9s %9s %7s %7s %9s %7s\n", "bytes", "raw_us", "raw_p99", "call_us",
              "call_p99", "ratio", "GB/s", "cpu_us", "GB/s/cpu");
  bool right = true;
  for (const size_t bytes : {64u, 4096u, 65536u, 1u << 20, 16u << 20, 128u << 20}) {
    right = MeasureSize(*channel, bytes) && right;
  }
  return right ? 0 : 1;
}
