#include "common/tcp_connection.h"

#include <utility>

#include "common/check.h"

namespace chorus {

TcpConnection::TcpConnection(std::shared_ptr<Socket> socket, const ConnectionOptions& options)
    : socket_(std::move(socket)),
      options_(options),
      checksums_(socket_->sealed() ? Checksums::kNone : Checksums::kXxh3),
      assembler_(options.max_frame_bytes, checksums_) {}

void TcpConnection::Start(OnEnvelope on_envelope, OnClosed on_closed) {
  on_envelope_ = std::move(on_envelope);
  on_closed_ = std::move(on_closed);
  ReadHeader();
}

void TcpConnection::Send(Envelope envelope) {
  if (!open_) return;
  queue_.push_back(
      std::make_unique<FrameEncoder>(std::move(envelope), options_.max_part_bytes, checksums_));
  CHECK(queue_.back()->frame_bytes() <= options_.max_frame_bytes);
  queued_bytes_ += queue_.back()->frame_bytes();
  if (!writing_) WriteNextPart();
}

// Pending operations of the socket still call back, with kAborted. They own this object until then,
// and do nothing, since open_ is false.
void TcpConnection::Close() {
  open_ = false;
  on_envelope_ = nullptr;
  on_closed_ = nullptr;
  socket_->Close();
}

void TcpConnection::Fail(const Status& status) {
  if (!open_) return;
  const OnClosed on_closed = std::move(on_closed_);
  Close();
  if (on_closed) on_closed(status);
}

// The bound is checked before each part is read, and again after each write, so that a peer that
// reads is never stopped for good.
void TcpConnection::ReadHeader() {
  if (options_.max_queued_bytes > 0 && queued_bytes_ > options_.max_queued_bytes) {
    reading_paused_ = true;
    return;
  }
  socket_->Read(header_, [self = shared_from_this()](const Status& status) {
    if (!self->open_) return;
    if (!status.ok()) return self->Fail(status);
    self->ReadPart();
  });
}

void TcpConnection::ReadPart() {
  const Result<std::span<std::byte>> place = assembler_.BeginPart(header_);
  if (!place.ok()) return Fail(place.status());
  if (place->empty()) return FinishPart();
  socket_->Read(*place, [self = shared_from_this()](const Status& status) {
    if (!self->open_) return;
    if (!status.ok()) return self->Fail(status);
    self->FinishPart();
  });
}

void TcpConnection::FinishPart() {
  const Result<bool> whole = assembler_.FinishPart();
  if (!whole.ok()) return Fail(whole.status());
  if (*whole) {
    // A copy: the callback may close this connection, which would destroy it while it runs.
    const OnEnvelope on_envelope = on_envelope_;
    on_envelope(assembler_.Take());
    if (!open_) return;
  }
  ReadHeader();
}

// One part at a time, one frame after the other: parts of two frames must not mix. The pieces point
// into queue_.front(), so the queue is kept until the write has called back, even if the connection
// is closed meanwhile.
void TcpConnection::WriteNextPart() {
  writing_ = true;
  socket_->Write(queue_.front()->NextPart(), [self = shared_from_this()](const Status& status) {
    self->writing_ = false;
    if (!self->open_) return self->queue_.clear();
    if (!status.ok()) return self->Fail(status);
    if (self->queue_.front()->done()) {
      self->queued_bytes_ -= self->queue_.front()->frame_bytes();
      self->queue_.pop_front();
    }
    if (!self->queue_.empty()) self->WriteNextPart();
    if (self->reading_paused_ && self->queued_bytes_ <= self->options_.max_queued_bytes) {
      self->reading_paused_ = false;
      self->ReadHeader();
    }
  });
}

}  // namespace chorus
