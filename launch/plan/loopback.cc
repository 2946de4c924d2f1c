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

// A server that answers with empty frames, and its client, over the loopback device.
class Loopback {
 public:
  static Result<std::unique_ptr<Loopback>> Open(Protection protection) {
    auto loopback = std::make_unique<Loopback>();
    TransportOptions options;
    options.token = "calibration";
    options.protection = protection;
    options.listen_address = "127.0.0.1";
    options.max_part_bytes = uint64_t{1} << 20;
    options.max_frame_bytes = uint64_t{1} << 30;
    loopback->server_ = NewTcpTransport(options);
    loopback->client_ = NewTcpTransport(options);
    ASSIGN_OR_RETURN(loopback->listener_, loopback->server_->Listen([](Frame, Responder respond) {
      respond(Frame{FrameType::kControlReply, "", {}});
    }));
    ASSIGN_OR_RETURN(loopback->channel_,
                     loopback->client_->Connect(loopback->listener_->endpoint(), "loopback"));
    return loopback;
  }
  // The typical seconds of a call with this frame.
  Result<double> SecondsOf(const Frame& frame, int calls) {
    constexpr double kCallSeconds = 10;
    std::vector<double> seconds;
    Stopwatch watch;
    for (int i = 0; i < calls; ++i) {
      RETURN_IF_ERROR(channel_->Call(frame, kCallSeconds).status());
      seconds.push_back(watch.Lap());
    }
    return TypicalOf(seconds);
  }

 private:
  std::unique_ptr<Transport> server_, client_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Channel> channel_;
};

struct LoopbackRates {
  double empty_seconds = 0;
  double bytes = 0;  // a second
};

Result<LoopbackRates> RatesWith(Protection protection) {
  constexpr size_t kLargeBytes = size_t{4} << 20;
  constexpr int kEmpty = 200, kLarge = 40;
  ASSIGN_OR_RETURN(const auto loopback, Loopback::Open(protection));
  ASSIGN_OR_RETURN(const double empty,
                   loopback->SecondsOf(Frame{FrameType::kControl, "", {}}, kEmpty));
  ASSIGN_OR_RETURN(const double large, loopback->SecondsOf(LargeFrame(kLargeBytes), kLarge));
  return LoopbackRates{empty, static_cast<double>(kLargeBytes) / std::max(1e-6, large - empty)};
}

}  // namespace

Status MeasureLoopback(PlanRates* rates) {
  ASSIGN_OR_RETURN(const LoopbackRates plain, RatesWith(Protection::kAuthenticated));
  ASSIGN_OR_RETURN(const LoopbackRates encrypted, RatesWith(Protection::kEncrypted));
  rates->set_frame_seconds(plain.empty_seconds);
  rates->set_frame_bytes(plain.bytes);
  rates->set_encrypted_bytes(encrypted.bytes);
  return Status::Ok();
}

}  // namespace chorus::launch
