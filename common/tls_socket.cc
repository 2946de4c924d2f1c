#include "common/tls_socket.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace chorus {
namespace {

// The bytes that are given to the socket at once: several records.
constexpr size_t kOutputBytes = 128 << 10;

// A TLS connection. The callbacks that it waits for own it and the callbacks that it will call; it
// owns nothing that owns it, so that a loop which ends and drops its callbacks frees everything.
class TlsStream : public std::enable_shared_from_this<TlsStream> {
 public:
  using Started = std::function<void(Result<std::unique_ptr<Socket>>)>;
  using Done = std::function<void(Status)>;

  TlsStream(std::shared_ptr<Socket> plain, std::unique_ptr<TlsSession> session)
      : plain_(std::move(plain)), session_(std::move(session)) {}

  void Shake(Started done);
  void Read(std::span<std::byte> out, Done done);
  void ReadSome(std::span<std::byte> out, std::function<void(Result<size_t>)> done);
  void Write(std::span<const std::span<const std::byte>> pieces, Done done);
  void Close() {
    closed_ = true;
    plain_->Close();
  }
  Result<std::unique_ptr<Socket>> MoveTo(IoLoop& loop);
  Socket& plain() const { return *plain_; }

 private:
  void GoOnShaking(bool ended, Started done);
  Status TakeRead();
  void ReadMore(Done done);
  std::span<const std::byte> NextRecord();
  Status SealRecords();
  void WriteMore(Done done);

  const std::shared_ptr<Socket> plain_;
  std::unique_ptr<TlsSession> session_;
  bool closed_ = false;

  std::span<std::byte> read_rest_;  // of the present read

  std::vector<std::span<const std::byte>> pieces_;  // of the present write
  size_t piece_ = 0;                                // the first that is not sealed,
  size_t in_piece_ = 0;                             // and where in it
  std::vector<std::byte> gathered_;                 // small pieces of one record
  std::vector<std::byte> sending_;
};

class TlsSocket final : public Socket {
 public:
  explicit TlsSocket(std::shared_ptr<TlsStream> stream) : stream_(std::move(stream)) {}
  ~TlsSocket() override { stream_->Close(); }

  void Read(std::span<std::byte> out, std::function<void(Status)> done) override {
    stream_->Read(out, std::move(done));
  }
  void ReadSome(std::span<std::byte> out, std::function<void(Result<size_t>)> done) override {
    stream_->ReadSome(out, std::move(done));
  }
  void Write(std::span<const std::span<const std::byte>> pieces,
             std::function<void(Status)> done) override {
    stream_->Write(pieces, std::move(done));
  }
  void Later(std::function<void()> work) override { stream_->plain().Later(std::move(work)); }
  void Close() override { stream_->Close(); }
  Result<std::unique_ptr<Socket>> MoveTo(IoLoop& loop) override { return stream_->MoveTo(loop); }
  bool sealed() const override { return true; }
  bool loopback() const override { return stream_->plain().loopback(); }
  const std::string& peer() const override { return stream_->plain().peer(); }

 private:
  const std::shared_ptr<TlsStream> stream_;
};

// ---- handshake: what the session says goes out, what the peer says comes in, until it has ended

void TlsStream::Shake(Started done) {
  const Result<bool> ended = session_->Shake();
  session_->TakeOutput(&sending_);
  if (sending_.empty()) {
    if (ended.ok()) return GoOnShaking(*ended, std::move(done));
    return plain_->Later([status = ended.status(), done = std::move(done)] { done(status); });
  }
  const std::span<const std::byte> flight(sending_);
  plain_->Write({&flight, 1}, [self = shared_from_this(), ended,
                               done = std::move(done)](const Status& sent) mutable {
    if (!ended.ok()) return done(ended.status());
    if (!sent.ok()) return done(sent);
    self->GoOnShaking(*ended, std::move(done));
  });
}

void TlsStream::GoOnShaking(bool ended, Started done) {
  if (ended) {
    return plain_->Later([self = shared_from_this(), done = std::move(done)] {
      done(std::unique_ptr<Socket>(std::make_unique<TlsSocket>(self)));
    });
  }
  plain_->ReadSome(session_->InputSpace(), [self = shared_from_this(), done = std::move(done)](
                                               const Result<size_t>& came) mutable {
    if (!came.ok()) return done(came.status());
    self->session_->Came(*came);
    self->Shake(std::move(done));
  });
}

// ---- reading

void TlsStream::Read(std::span<std::byte> out, Done done) {
  read_rest_ = out;
  const Status status = TakeRead();
  if (status.ok() && !read_rest_.empty()) return ReadMore(std::move(done));
  // The bytes are there already, but a callback must not run inside the call that it is given to.
  plain_->Later([self = shared_from_this(), status, done = std::move(done)] {
    done(self->closed_ ? Aborted("closed") : status);
  });
}

Status TlsStream::TakeRead() {
  ASSIGN_OR_RETURN(const size_t got, session_->Read(read_rest_));
  read_rest_ = read_rest_.subspan(got);
  return Status::Ok();
}

void TlsStream::ReadMore(Done done) {
  plain_->ReadSome(session_->InputSpace(), [self = shared_from_this(), done = std::move(done)](
                                               const Result<size_t>& came) mutable {
    if (!came.ok()) return done(came.status());
    self->session_->Came(*came);
    const Status status = self->TakeRead();
    if (status.ok() && !self->read_rest_.empty()) return self->ReadMore(std::move(done));
    done(status);
  });
}

void TlsStream::ReadSome(std::span<std::byte> out, std::function<void(Result<size_t>)> done) {
  const Result<size_t> got = session_->Read(out);
  if (!got.ok() || *got > 0) {
    return plain_->Later([self = shared_from_this(), got, done = std::move(done)] {
      done(self->closed_ ? Result<size_t>(Aborted("closed")) : got);
    });
  }
  plain_->ReadSome(session_->InputSpace(), [self = shared_from_this(), out, done = std::move(done)](
                                               const Result<size_t>& came) mutable {
    if (!came.ok()) return done(came.status());
    self->session_->Came(*came);
    self->ReadSome(out, std::move(done));
  });
}

// ---- writing

void TlsStream::Write(std::span<const std::span<const std::byte>> pieces, Done done) {
  pieces_.assign(pieces.begin(), pieces.end());
  piece_ = in_piece_ = 0;
  WriteMore(std::move(done));
}

// Large pieces are sealed where they are, without a copy; a header goes into one record with the bytes that follow.
std::span<const std::byte> TlsStream::NextRecord() {
  gathered_.clear();
  while (piece_ < pieces_.size()) {
    const auto rest = pieces_[piece_].subspan(in_piece_);
    const size_t take = std::min(rest.size(), TlsSession::kRecordBytes - gathered_.size());
    in_piece_ = take == rest.size() ? 0 : in_piece_ + take;
    if (take == rest.size()) ++piece_;
    if (take == TlsSession::kRecordBytes) return rest.first(take);
    gathered_.insert(gathered_.end(), rest.begin(), rest.begin() + static_cast<long>(take));
    if (gathered_.size() == TlsSession::kRecordBytes) break;
  }
  return gathered_;
}

Status TlsStream::SealRecords() {
  while (piece_ < pieces_.size() && session_->output_bytes() < kOutputBytes) {
    const std::span<const std::byte> record = NextRecord();
    if (!record.empty()) RETURN_IF_ERROR(session_->Write(record));
  }
  return Status::Ok();
}

void TlsStream::WriteMore(Done done) {
  const Status sealed = SealRecords();
  if (!sealed.ok()) return plain_->Later([sealed, done = std::move(done)] { done(sealed); });
  session_->TakeOutput(&sending_);
  const std::span<const std::byte> records(sending_);
  plain_->Write({&records, 1},
                [self = shared_from_this(), done = std::move(done)](const Status& sent) mutable {
                  if (!sent.ok() || self->piece_ == self->pieces_.size()) return done(sent);
                  self->WriteMore(std::move(done));
                });
}

Result<std::unique_ptr<Socket>> TlsStream::MoveTo(IoLoop& loop) {
  ASSIGN_OR_RETURN(std::unique_ptr<Socket> moved, plain_->MoveTo(loop));
  auto stream = std::make_shared<TlsStream>(std::move(moved), std::move(session_));
  return std::unique_ptr<Socket>(std::make_unique<TlsSocket>(std::move(stream)));
}

}  // namespace

void StartTls(std::shared_ptr<Socket> plain, std::unique_ptr<TlsSession> session,
              std::function<void(Result<std::unique_ptr<Socket>>)> done) {
  std::make_shared<TlsStream>(std::move(plain), std::move(session))->Shake(std::move(done));
}

}  // namespace chorus
