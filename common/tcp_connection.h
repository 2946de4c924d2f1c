#pragma once
// A proven connection: envelopes in both directions over one socket. What is sent waits in a queue,
// and one part at a time goes to the socket, straight from the arrays. What arrives is read to its
// final place and checked: by its checksums or, on a sealed socket, by the seal.
// Thread safety: the loop's thread only.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "common/frame_codec.h"
#include "common/io_loop.h"
#include "common/status.h"

namespace chorus {

struct ConnectionOptions {
  uint64_t max_part_bytes = 0;
  uint64_t max_frame_bytes = 0;
  // When more bytes than this wait to be sent, nothing more is read until the peer has taken some;
  // 0 = no bound. It protects servers against a client that asks and does not read. A client has no
  // such bound: two ends that both stopped reading would never go on.
  uint64_t max_queued_bytes = 0;
};

class TcpConnection : public std::enable_shared_from_this<TcpConnection> {
 public:
  using OnEnvelope = std::function<void(Envelope)>;
  using OnClosed = std::function<void(const Status&)>;  // called once, and not after Close

  TcpConnection(std::shared_ptr<Socket> socket, const ConnectionOptions& options);
  // Begins to read. Callbacks may call every method.
  void Start(OnEnvelope on_envelope, OnClosed on_closed);
  // Queues the envelope, or drops it if the connection is gone. REQUIRES: FrameBytes(frame) <=
  // max_frame_bytes.
  void Send(Envelope envelope);
  void Close();

  const std::string& peer() const { return socket_->peer(); }

 private:
  void ReadHeader();
  void ReadPart();
  void FinishPart();
  void WriteNextPart();
  void Fail(const Status& status);

  const std::shared_ptr<Socket> socket_;
  const ConnectionOptions options_;
  const Checksums checksums_;
  OnEnvelope on_envelope_;
  OnClosed on_closed_;
  bool open_ = true;

  FrameAssembler assembler_;
  std::array<std::byte, kPartHeaderBytes> header_{};
  bool reading_paused_ = false;

  std::deque<std::unique_ptr<FrameEncoder>> queue_;  // the front one is being written
  uint64_t queued_bytes_ = 0;
  bool writing_ = false;
};

}  // namespace chorus
