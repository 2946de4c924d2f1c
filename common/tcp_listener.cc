#include "common/tcp_listener.h"

#include <map>
#include <utility>

#include "common/host_address.h"
#include "common/log.h"
#include "common/strings.h"
#include "common/tcp_connection.h"
#include "common/tcp_handshake.h"

namespace chorus {
namespace {

// Connections that have not proved the token; further ones are closed at once. Far above the ranks
// that connect at the same moment, far below the usual limit of open files.
constexpr size_t kMaxUnproven = 256;
constexpr double kAcceptRetrySeconds =
    0.1;  // after an accept that failed (no more file descriptors)

// All state of a listener; lives on the loop's thread. Callbacks hold it weakly or check `open_`.
class ListenerState : public std::enable_shared_from_this<ListenerState> {
 public:
  ListenerState(std::shared_ptr<IoLoop> loop, const TransportOptions& options,
                RequestHandler handler)
      : loop_(loop), options_(options), handler_(std::move(handler)), retry_(loop->NewTimer()) {}

  void Start(std::unique_ptr<Acceptor> acceptor) {
    acceptor_ = std::move(acceptor);
    Accept();
  }

  void Close() {
    open_ = false;
    acceptor_.reset();
    retry_->Cancel();
    for (auto& [id, unproven] : unproven_) unproven.socket->Close();
    unproven_.clear();
    for (auto& [client, connection] : connections_) connection->Close();
    connections_.clear();
  }

 private:
  struct Unproven {
    std::shared_ptr<Socket> socket;
    std::unique_ptr<Timer> limit;
  };

  void Accept();
  void Admit(std::shared_ptr<Socket> socket);
  void Proven(std::shared_ptr<Socket> socket, uint64_t client_id);
  void Serve(const std::shared_ptr<TcpConnection>& connection, Envelope request);
  void Refuse(const std::string& peer, const Status& why) const {
    LogWarning(options_.local_name, ": connection from ", peer, " refused: ", why.ToString());
  }

  const std::weak_ptr<IoLoop> loop_;
  const TransportOptions options_;
  const RequestHandler handler_;
  bool open_ = true;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<Timer> retry_;
  uint64_t next_unproven_ = 0;
  std::map<uint64_t, Unproven> unproven_;
  std::map<uint64_t, std::shared_ptr<TcpConnection>> connections_;  // by client id
};

void ListenerState::Accept() {
  acceptor_->Accept([weak = weak_from_this()](Result<std::unique_ptr<Socket>> socket) {
    const auto self = weak.lock();
    if (!self || !self->open_) return;
    if (socket.ok()) {
      self->Admit(std::move(*socket));
      return self->Accept();
    }
    LogWarning(self->options_.local_name, ": accepting a connection: ", socket.status().ToString());
    self->retry_->Start(kAcceptRetrySeconds, [self = self.get()] { self->Accept(); });
  });
}

void ListenerState::Admit(std::shared_ptr<Socket> socket) {
  if (unproven_.size() >= kMaxUnproven) {
    return Refuse(socket->peer(), ResourceExhausted("too many connections in their handshake"));
  }
  const uint64_t id = next_unproven_++;
  Unproven& entry = unproven_[id];
  entry.socket = socket;
  const auto loop = loop_.lock();
  if (!loop) return;
  entry.limit = loop->NewTimer();
  entry.limit->Start(options_.handshake_seconds, [this, id] {  // cancelled with its entry
    Refuse(unproven_[id].socket->peer(), DeadlineExceeded("handshake not finished in time"));
    unproven_[id].socket->Close();
    unproven_.erase(id);
  });
  RunServerHandshake(socket, options_.token,
                     [weak = weak_from_this(), socket, id](Result<uint64_t> client) {
                       const auto self = weak.lock();
                       if (!self || self->unproven_.erase(id) == 0)
                         return;  // closed by us meanwhile
                       if (client.ok()) return self->Proven(socket, *client);
                       self->Refuse(socket->peer(), client.status());
                       socket->Close();
                     });
}

void ListenerState::Proven(std::shared_ptr<Socket> socket, uint64_t client_id) {
  ConnectionOptions limits;
  limits.max_part_bytes = options_.max_part_bytes;
  limits.max_frame_bytes = options_.max_frame_bytes;
  limits.max_queued_bytes = options_.max_frame_bytes;
  auto connection = std::make_shared<TcpConnection>(std::move(socket), limits);
  // A client has one connection: an older one is a leftover of a cut that we have not noticed.
  std::shared_ptr<TcpConnection>& place = connections_[client_id];
  if (place) place->Close();
  place = connection;
  connection->Start(
      [weak = weak_from_this(), weak_connection = std::weak_ptr(connection)](Envelope request) {
        const auto self = weak.lock();
        const auto live = weak_connection.lock();
        if (self && self->open_ && live) self->Serve(live, std::move(request));
      },
      [weak = weak_from_this(), raw = connection.get(), client_id](const Status& why) {
        const auto self = weak.lock();
        if (!self || !self->open_) return;
        if (why.code() != Code::kUnavailable) {
          LogWarning(self->options_.local_name, ": connection from ", raw->peer(),
                     " closed: ", why.ToString());
        }
        const auto found = self->connections_.find(client_id);
        if (found != self->connections_.end() && found->second.get() == raw)
          self->connections_.erase(found);
      });
}

void ListenerState::Serve(const std::shared_ptr<TcpConnection>& connection, Envelope request) {
  const uint64_t id = request.request_id;
  handler_(std::move(request.frame), [loop = loop_, weak = std::weak_ptr(connection), id,
                                      limit = options_.max_frame_bytes](Frame reply) {
    if (FrameBytes(reply) > limit) {
      reply = MakeErrorFrame(ResourceExhausted(
          StrCat("a reply of ", FrameBytes(reply), " bytes is above the frame limit of ", limit)));
    }
    const auto live_loop = loop.lock();
    if (!live_loop) return;
    live_loop->Post([weak, id, reply = std::move(reply)]() mutable {
      const auto live = weak.lock();
      if (live) live->Send({id, FrameDirection::kReply, std::move(reply)});
    });
  });
}

class TcpListener final : public Listener {
 public:
  TcpListener(std::shared_ptr<IoThread> thread, std::shared_ptr<ListenerState> state,
              std::string endpoint)
      : thread_(std::move(thread)), state_(std::move(state)), endpoint_(std::move(endpoint)) {}
  ~TcpListener() override {
    thread_->RunAndWait([this] {
      state_->Close();
      state_.reset();  // on its own thread: timers and sockets end where they run
    });
  }
  std::string endpoint() const override { return endpoint_; }

 private:
  const std::shared_ptr<IoThread> thread_;
  std::shared_ptr<ListenerState> state_;
  const std::string endpoint_;
};

}  // namespace

Result<std::unique_ptr<Listener>> NewTcpListener(std::shared_ptr<IoThread> thread,
                                                 const TransportOptions& options,
                                                 RequestHandler handler) {
  ASSIGN_OR_RETURN(std::unique_ptr<Acceptor> acceptor,
                   thread->loop()->Bind(options.listen_address));
  const std::string host =
      options.listen_address.empty() ? OutwardAddress() : options.listen_address;
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string endpoint = StrCat(is_v6 ? "[" : "", host, is_v6 ? "]:" : ":", acceptor->port());
  auto state = std::make_shared<ListenerState>(thread->loop(), options, std::move(handler));
  thread->RunAndWait([&] { state->Start(std::move(acceptor)); });
  return std::unique_ptr<Listener>(
      std::make_unique<TcpListener>(std::move(thread), std::move(state), std::move(endpoint)));
}

}  // namespace chorus
