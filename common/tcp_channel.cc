#include "common/tcp_channel.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/handshake.h"
#include "common/log.h"
#include "common/pending_calls.h"
#include "common/strings.h"
#include "common/tcp_connection.h"
#include "common/tcp_handshake.h"

namespace chorus {
namespace {

// Between two attempts to connect: short at first, for a connection that was cut, and longer each
// time, so that the clients of a server that is gone do not flood its machine.
constexpr double kFirstBackoffSeconds = 0.01;
constexpr double kLastBackoffSeconds = 1;
// An address in a network that we are not in may drop packets silently: this is time for two lost
// ones, then the next address is tried.
constexpr double kOneOfManySeconds = 4;

// The process there is not our peer, and never will be, if it has not proved itself before.
bool IsRefusal(const Status& why) {
  return why.code() == Code::kPermissionDenied || why.code() == Code::kFailedPrecondition;
}

// Random, so that the clients of a job need no agreement. By it a listener knows a channel again
// and closes the channel's older connection.
uint64_t NewClientId() {
  uint64_t id = 0;
  const Nonce random = NewNonce();
  std::memcpy(&id, random.data(), sizeof(id));
  return id;
}

// The state machine of a channel; it lives on the loop's thread.
//   idle -> connecting -> connected; a loss with calls unanswered -> waiting -> connecting ...
//
// A request stays in calls_ until its reply or its deadline. Whatever breaks, the next connection
// sends all of calls_ again, in order and under the same ids: nothing is lost. A request may arrive
// twice, and the server makes that harmless (ps/README.md, "Exactly once").
class ChannelState : public std::enable_shared_from_this<ChannelState> {
 public:
  // endpoints: at least one.
  ChannelState(IoLoop& loop, const TransportOptions& options, HandshakeTerms terms,
               std::vector<std::string> endpoints, std::string peer)
      : loop_(loop),
        options_(options),
        terms_(std::move(terms)),
        endpoints_(std::move(endpoints)),
        peer_(std::move(peer)),
        timer_(loop.NewTimer()),
        calls_(loop, peer_, [this] { return last_event_; }) {}

  void Call(PendingCall call);
  void Close();

 private:
  enum class Phase { kIdle, kConnecting, kConnected, kWaiting, kClosed };

  void BeginRound();  // over the endpoints
  void StartConnecting();
  void Shake(std::unique_ptr<Socket> socket);
  void BecomeConnected(std::shared_ptr<Socket> proven);
  void Send(uint64_t id, const Frame& request);
  void Receive(Envelope reply);
  void Lose(const Status& why);  // the connection or the attempt failed: retry, or end the calls
  // Whether another endpoint is to be tried at once after a failed attempt.
  bool TryNextEndpoint(const Status& why);
  void DropAttempt();

  IoLoop& loop_;
  const TransportOptions options_;
  const HandshakeTerms terms_;
  // Where the peer may be, tried in this order; one that worked is the first to be tried again.
  const std::vector<std::string> endpoints_;
  size_t endpoint_ = 0;  // the one that is tried or connected
  size_t failed_ = 0;    // endpoints that failed in this round
  bool refused_ = true;  // all of these refused us, by token or version
  // The peer proved itself on an earlier connection: since then an apparent refusal is damage on
  // the way, or the calls' deadlines will end it.
  bool was_proven_ = false;
  const std::string peer_;  // "server 0 (10.0.0.7:41230)"
  const uint64_t client_id_ = NewClientId();

  Phase phase_ = Phase::kIdle;
  std::string last_event_ = "not connected yet";
  double backoff_seconds_ = kFirstBackoffSeconds;
  std::unique_ptr<Timer> timer_;    // of the attempt, or of the wait for the next one
  std::shared_ptr<void> attempt_;   // while resolving and connecting
  std::shared_ptr<Socket> socket_;  // while in the handshake
  std::shared_ptr<TcpConnection> connection_;
  PendingCalls calls_;
};

void ChannelState::Call(PendingCall call) {
  if (phase_ == Phase::kClosed)
    return call.done(Aborted(StrCat(peer_, ": the channel was closed")));
  const uint64_t bytes = FrameBytes(call.request);
  if (bytes > options_.max_frame_bytes) {
    return call.done(
        ResourceExhausted(StrCat(peer_, ": a request of ", bytes,
                                 " bytes is above the frame limit of ", options_.max_frame_bytes)));
  }
  // A copy, which shares the arrays: calls_ takes the call.
  const Frame request = call.request;
  const uint64_t id = calls_.Add(std::move(call));
  if (phase_ == Phase::kConnected) Send(id, request);
  if (phase_ == Phase::kIdle) BeginRound();
}

void ChannelState::Close() {
  DropAttempt();
  phase_ = Phase::kClosed;
  calls_.FailAll(Aborted("the channel was closed"));
}

void ChannelState::BeginRound() {
  failed_ = 0;
  refused_ = true;
  StartConnecting();
}

void ChannelState::StartConnecting() {
  phase_ = Phase::kConnecting;
  // Bounds name resolution, connecting and handshake together. The callbacks of timers may hold
  // `this`: the timer is cancelled with it.
  const double limit = endpoints_.size() == 1
                           ? options_.handshake_seconds
                           : std::min(options_.handshake_seconds, kOneOfManySeconds);
  timer_->Start(limit,
                [this, limit] { Lose(Unavailable(StrCat("no connection within ", limit, " s"))); });
  attempt_ = loop_.Connect(endpoints_[endpoint_],
                           [weak = weak_from_this()](Result<std::unique_ptr<Socket>> socket) {
                             const auto self = weak.lock();
                             if (!self || self->phase_ != Phase::kConnecting) return;
                             if (!socket.ok()) return self->Lose(socket.status());
                             self->Shake(std::move(*socket));
                           });
}

void ChannelState::Shake(std::unique_ptr<Socket> socket) {
  socket_ = std::move(socket);
  RunClientHandshake(
      socket_, terms_, client_id_,
      [weak = weak_from_this(), raw = socket_.get()](Result<std::shared_ptr<Socket>> proven) {
        const auto self = weak.lock();
        // The attempt was given up: its socket is not the present one.
        if (!self || self->socket_.get() != raw) return;
        if (!proven.ok()) return self->Lose(proven.status());
        self->BecomeConnected(std::move(*proven));
      });
}

void ChannelState::BecomeConnected(std::shared_ptr<Socket> proven) {
  timer_->Cancel();
  attempt_.reset();
  socket_.reset();
  phase_ = Phase::kConnected;
  refused_ = was_proven_ = true;
  last_event_ = "connected, waiting for the reply";
  ConnectionOptions limits;
  limits.max_part_bytes = options_.max_part_bytes;
  limits.max_frame_bytes = options_.max_frame_bytes;
  connection_ = std::make_shared<TcpConnection>(std::move(proven), limits);
  connection_->Start(
      [weak = weak_from_this()](Envelope reply) {
        if (const auto self = weak.lock()) self->Receive(std::move(reply));
      },
      [weak = weak_from_this()](const Status& why) {
        if (const auto self = weak.lock()) self->Lose(why);
      });
  // What the last connection left unanswered, and what was asked meanwhile.
  for (const auto& [id, call] : calls_.all()) Send(id, call.request);
}

void ChannelState::Send(uint64_t id, const Frame& request) {
  connection_->Send({id, FrameDirection::kRequest, request});
}

void ChannelState::Receive(Envelope reply) {
  if (reply.direction != FrameDirection::kReply) return Lose(DataLoss("the peer sent a request"));
  // Only a reply shows that the server is well: one that accepts connections and then dies must not
  // be tried without pause.
  backoff_seconds_ = kFirstBackoffSeconds;
  calls_.Finish(reply.request_id, std::move(reply.frame));
}

void ChannelState::Lose(const Status& why) {
  const bool was_connecting = phase_ == Phase::kConnecting;
  DropAttempt();
  last_event_ =
      endpoints_.size() == 1 ? why.message() : StrCat(endpoints_[endpoint_], ": ", why.message());
  phase_ = Phase::kIdle;
  if (was_connecting && TryNextEndpoint(why)) return StartConnecting();
  if (IsRefusal(why) && refused_ && !was_proven_) {
    return calls_.FailAll(why);  // another token or version: trying again would not help
  }
  // This process gets no file for a connection: another try in a second would not help.
  if (was_connecting && why.code() == Code::kResourceExhausted) return calls_.FailAll(why);
  if (why.code() != Code::kUnavailable) {
    LogWarning(options_.local_name, ": connection to ", peer_, " closed: ", why.ToString());
  }
  if (calls_.all().empty()) return;  // the next call connects
  phase_ = Phase::kWaiting;
  timer_->Start(backoff_seconds_, [this] {
    phase_ = Phase::kIdle;
    if (!calls_.all().empty()) BeginRound();  // else all have passed their deadlines
  });
  backoff_seconds_ = std::min(2 * backoff_seconds_, kLastBackoffSeconds);
}

bool ChannelState::TryNextEndpoint(const Status& why) {
  ++failed_;
  refused_ = refused_ && IsRefusal(why);
  if (calls_.all().empty() || why.code() == Code::kResourceExhausted) return false;
  endpoint_ = (endpoint_ + 1) % endpoints_.size();
  return failed_ < endpoints_.size();
}

void ChannelState::DropAttempt() {
  timer_->Cancel();
  attempt_.reset();
  if (socket_) std::exchange(socket_, nullptr)->Close();
  if (connection_) std::exchange(connection_, nullptr)->Close();
}

class TcpChannel final : public Channel {
 public:
  TcpChannel(std::shared_ptr<IoThread> thread, std::shared_ptr<ChannelState> state)
      : thread_(std::move(thread)), state_(std::move(state)) {}
  ~TcpChannel() override {
    // On its own thread: timers and sockets must end where they run, and Close must not come in the
    // middle of a callback. Callbacks that are queued hold the state weakly and find it gone.
    thread_->RunAndWait([this] {
      state_->Close();
      state_.reset();
    });
  }
  void CallAsync(Frame request, double deadline_seconds, ReplyCallback done) override {
    PendingCall call{std::move(request), deadline_seconds, DeadlineAfter(deadline_seconds),
                     std::move(done)};
    thread_->loop()->Post(
        [state = state_, call = std::move(call)]() mutable { state->Call(std::move(call)); });
  }

 private:
  const std::shared_ptr<IoThread> thread_;
  std::shared_ptr<ChannelState> state_;
};

}  // namespace

std::unique_ptr<Channel> NewTcpChannel(std::shared_ptr<IoThread> thread,
                                       const TransportOptions& options,
                                       std::shared_ptr<const TlsContext> tls,
                                       const std::string& endpoint, const std::string& peer_name) {
  const size_t at = endpoint.find('@');
  const std::string places = at == std::string::npos ? endpoint : endpoint.substr(at + 1);
  const std::string service = at == std::string::npos ? "" : endpoint.substr(0, at);
  const HandshakeTerms terms{TokenOfService(options.token, service), options.protection,
                             std::move(tls)};
  auto state = std::make_shared<ChannelState>(*thread->loop(), options, terms, Split(places, ','),
                                              StrCat(peer_name, " (", places, ")"));
  return std::make_unique<TcpChannel>(std::move(thread), std::move(state));
}

}  // namespace chorus
