#include "launch/plan/counting_channel.h"

#include <algorithm>
#include <utility>

#include "common/frame_codec.h"
#include "common/key.h"
#include "common/wire.pb.h"

namespace chorus::launch {
namespace {

class CountingChannel final : public Channel {
 public:
  CountingChannel(std::vector<uint32_t> dims, uint64_t part_bytes, FrameCount* sent,
                  FrameCount* received)
      : dims_(std::move(dims)), part_bytes_(part_bytes), sent_(sent), received_(received) {}

  void CallAsync(Frame request, double, ReplyCallback done) override {
    *sent_ += CountOf(request);
    wire::StepMeta meta;
    if (!meta.ParseFromString(request.meta)) return done(Internal("a frame without its meta"));
    Frame reply{FrameType::kStepReply, "", {}};
    wire::StepReplyMeta reply_meta;
    reply_meta.set_step(meta.step());
    reply.meta = reply_meta.SerializeAsString();
    for (size_t table = 0; table < dims_.size(); ++table) {
      const size_t keys = request.arrays[2 * table].size() / sizeof(Key);
      reply.arrays.push_back(ByteArray::Allocate(keys * dims_[table] * sizeof(float)));
    }
    *received_ += CountOf(reply);
    done(std::move(reply));
  }

 private:
  FrameCount CountOf(const Frame& frame) const {
    const uint64_t body = FrameBytes(frame);
    const uint64_t parts = std::max<uint64_t>(1, (body + part_bytes_ - 1) / part_bytes_);
    return {1, frame.payload_bytes(), body + parts * kPartHeaderBytes};
  }

  const std::vector<uint32_t> dims_;
  const uint64_t part_bytes_;
  FrameCount* const sent_;
  FrameCount* const received_;
};

}  // namespace

std::unique_ptr<Channel> NewCountingChannel(std::vector<uint32_t> dims, uint64_t part_bytes,
                                            FrameCount* sent, FrameCount* received) {
  return std::make_unique<CountingChannel>(std::move(dims), part_bytes, sent, received);
}

}  // namespace chorus::launch
