#include "launch/plan/loopback.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "common/transport.h"
#include "launch/plan/stopwatch.h"

namespace chorus::launch {
namespace {

Frame LargeFrame(size_t bytes) {
  Frame frame{FrameType::kControl, "", {ByteArray::Allocate(bytes)}};
  std::fill_n(frame.arrays[0].data(), bytes, std::byte{1});
  return frame;
}

}  // namespace

Status MeasureLoopback(PlanRates* rates) {
  constexpr size_t kLargeBytes = size_t{4} << 20;
  constexpr int kEmpty = 200, kLarge = 40;
  constexpr double kCallSeconds = 10;
  TransportOptions options;
  options.token = "calibration";
  options.listen_address = "127.0.0.1";
  options.max_part_bytes = uint64_t{1} << 20;
  options.max_frame_bytes = uint64_t{1} << 30;
  const std::unique_ptr<Transport> server = NewTcpTransport(options);
  const std::unique_ptr<Transport> client = NewTcpTransport(options);
  ASSIGN_OR_RETURN(const auto listener, server->Listen([](Frame, Responder respond) {
    respond(Frame{FrameType::kControlReply, "", {}});
  }));
  ASSIGN_OR_RETURN(const auto channel, client->Connect(listener->endpoint(), "loopback"));
  const Frame empty{FrameType::kControl, "", {}};
  const Frame large = LargeFrame(kLargeBytes);
  std::vector<double> trips, bytes;
  Stopwatch watch;
  for (int i = 0; i < kEmpty; ++i) {
    RETURN_IF_ERROR(channel->Call(empty, kCallSeconds).status());
    trips.push_back(watch.Lap());
  }
  for (int i = 0; i < kLarge; ++i) {
    RETURN_IF_ERROR(channel->Call(large, kCallSeconds).status());
    bytes.push_back(watch.Lap());
  }
  rates->set_frame_seconds(TypicalOf(trips));
  const double carried = std::max(1e-6, TypicalOf(bytes) - TypicalOf(trips));
  rates->set_frame_bytes(static_cast<double>(kLargeBytes) / carried);
  return Status::Ok();
}

}  // namespace chorus::launch
