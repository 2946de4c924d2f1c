#include "common/tcp_listener.h"

#include <chrono>
#include <map>
#include <utility>

#include "common/handshake.h"
#include "common/host_address.h"
#include "common/log.h"
#include "common/refusal_log.h"
#include "common/strings.h"
#include "common/tcp_connection.h"
#include "common/tcp_handshake.h"
#include "common/tcp_service.h"

namespace chorus {
namespace {

// Connections that have not proved the token; for a further one the oldest is closed, so that
// strangers who hold the places cannot keep anybody out. Far above the ranks that connect at the
// same moment, far below the usual limit of open files.
constexpr size_t kMaxUnproven = 256;
// Each may keep its place for at least this long, while new ones wait in the kernel's queue: so the clients of a large
// job, which come at once, do not drive each other out.
constexpr double kLeastUnprovenSeconds = 0.25;
// After an accept that failed (no more file descriptors). Without a pause it would fail again at
// once and keep the thread busy.
constexpr double kAcceptRetrySeconds = 0.1;

// Accepts, shakes hands, and hands proven connections to the threads in turn; it lives on its own
// loop's thread. Callbacks hold it weakly, since they may be queued when it ends, and check
// `open_`, since they may be queued when it closes.
class ListenerState : public std::enable_shared_from_this<ListenerState> {
 public:
  // threads: outlive it.
  ListenerState(std::shared_ptr<IoLoop> loop, IoThreads* threads, const TransportOptions& options,
                std::shared_ptr<const TlsContext> tls, RequestHandler handler)
      : loop_(loop),
        threads_(*threads),
        options_(options),
        terms_{TokenOfService(options.token, options.service), options.protection, std::move(tls)},
        service_(std::make_shared<TcpService>(options, std::move(handler))),
        refusals_(options.local_name, loop->NewTimer()),
        retry_(loop->NewTimer()) {}

  void Start(std::unique_ptr<Acceptor> acceptor) {
    acceptor_ = std::move(acceptor);
    Accept();
  }

  void Close() {
    open_ = false;
    acceptor_.reset();
    retry_->Cancel();
    refusals_.Close();
    for (auto& [id, unproven] : unproven_) unproven.socket->Close();
    unproven_.clear();
    for (auto& [id, client] : clients_) client.CloseConnection();
    clients_.clear();
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Unproven {
    std::shared_ptr<Socket> socket;
    std::unique_ptr<Timer> limit;
    Clock::time_point since = Clock::now();
  };
  struct Client {
    // A client has one thread for all its connections, one after the other: so a connection is
    // closed on the thread on which the next one begins, and requests of one client are never
    // handled at the same time.
    std::weak_ptr<IoLoop> loop;
    std::shared_ptr<TcpConnection> connection;

    void CloseConnection() const {
      const auto live = loop.lock();
      if (live) live->Post([old = connection] { old->Close(); });
    }
  };

  void Accept();
  void AcceptWhenThereIsRoom();
  // A place became free.
  void MakeUseOfRoom() {
    if (std::exchange(waits_for_room_, false)) Accept();
  }
  void Admit(std::shared_ptr<Socket> socket);
  void Proven(const ProvenClient& proven);
  void CloseUnproven(uint64_t id, const Status& why);
  void Forget(uint64_t client_id, const std::shared_ptr<TcpConnection>& closed);
  void Refuse(const std::string& peer, const Status& why) { refusals_.Add(peer, why); }

  // Held weakly, as every loop here: only its IoThread owns and ends it.
  const std::weak_ptr<IoLoop> loop_;
  IoThreads& threads_;
  const TransportOptions options_;
  const HandshakeTerms terms_;
  const std::shared_ptr<TcpService> service_;
  bool open_ = true;
  bool told_of_failure_ = false;  // of the last accept
  bool waits_for_room_ = false;
  RefusalLog refusals_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<Timer> retry_;
  uint64_t next_unproven_ = 0;
  std::map<uint64_t, Unproven> unproven_;
  std::map<uint64_t, Client> clients_;  // by id
};

void ListenerState::Accept() {
  acceptor_->Accept([weak = weak_from_this()](Result<std::unique_ptr<Socket>> socket) {
    const auto self = weak.lock();
    if (!self || !self->open_) return;
    if (socket.ok()) {
      self->told_of_failure_ = false;
      self->Admit(std::move(*socket));
      return self->AcceptWhenThereIsRoom();
    }
    if (!std::exchange(self->told_of_failure_, true)) {
      LogWarning(self->options_.local_name,
                 ": accepting a connection: ", socket.status().ToString(), "; trying again");
    }
    self->retry_->Start(kAcceptRetrySeconds, [self = self.get()] { self->Accept(); });
  });
}

void ListenerState::AcceptWhenThereIsRoom() {
  if (unproven_.size() >= kMaxUnproven) {
    const std::chrono::duration<double> age = Clock::now() - unproven_.begin()->second.since;
    if (age.count() < kLeastUnprovenSeconds) {
      waits_for_room_ = true;
      return retry_->Start(kLeastUnprovenSeconds - age.count(), [this] { MakeUseOfRoom(); });
    }
  }
  Accept();
}

void ListenerState::Admit(std::shared_ptr<Socket> socket) {
  if (unproven_.size() >= kMaxUnproven) {
    CloseUnproven(unproven_.begin()->first,
                  ResourceExhausted(StrCat("more than ", kMaxUnproven,
                                           " connections in their handshake; it was the oldest")));
  }
  const uint64_t id = next_unproven_++;
  Unproven& entry = unproven_[id];
  entry.socket = socket;
  const auto loop = loop_.lock();
  if (!loop) return;
  entry.limit = loop->NewTimer();
  // The timer is cancelled with its entry, and the entry is there as long as the timer runs.
  entry.limit->Start(options_.handshake_seconds, [this, id] {
    CloseUnproven(id, DeadlineExceeded("handshake not finished in time"));
    MakeUseOfRoom();
  });
  RunServerHandshake(socket, terms_,
                     [weak = weak_from_this(), socket, id](const Result<ProvenClient>& client) {
                       const auto self = weak.lock();
                       // Without an entry it was too slow, and we closed it meanwhile.
                       if (!self || self->unproven_.erase(id) == 0) return;
                       self->MakeUseOfRoom();
                       if (client.ok()) return self->Proven(*client);
                       self->Refuse(socket->peer(), client.status());
                       socket->Close();
                     });
}

// Its handshake then ends with kAborted and finds no entry.
void ListenerState::CloseUnproven(uint64_t id, const Status& why) {
  const auto found = unproven_.find(id);
  Refuse(found->second.socket->peer(), why);
  found->second.socket->Close();
  unproven_.erase(found);
}

void ListenerState::Proven(const ProvenClient& proven) {
  Socket& socket = *proven.socket;
  const uint64_t client_id = proven.id;
  // A client has one connection: an older one is left of a cut that we have not noticed. It is
  // closed so that its unsent replies free their memory; the client asks for them again on the new
  // one.
  const auto [place, is_new] = clients_.try_emplace(client_id);
  Client& client = place->second;
  if (is_new) {
    const Result<std::shared_ptr<IoThread>> thread = threads_.Next();
    if (!thread.ok()) {
      clients_.erase(place);
      return Refuse(socket.peer(), thread.status());
    }
    client.loop = (*thread)->loop();
  } else {
    client.CloseConnection();
  }
  const auto loop = client.loop.lock();
  if (!loop) return;
  Result<std::unique_ptr<Socket>> moved = socket.MoveTo(*loop);
  if (!moved.ok()) {
    clients_.erase(place);
    return Refuse(socket.peer(), moved.status());
  }
  ConnectionOptions limits;
  limits.max_part_bytes = options_.max_part_bytes;
  limits.max_frame_bytes = options_.max_frame_bytes;
  limits.max_queued_bytes = options_.max_frame_bytes;
  client.connection = std::make_shared<TcpConnection>(std::move(*moved), limits);
  // Runs on the connection's thread when it ends by itself, and comes back to ours. By then the
  // client may have a newer connection, which Forget leaves alone.
  const auto forget = [weak = weak_from_this(), own = loop_, client_id,
                       closed = std::weak_ptr(client.connection)] {
    const auto live = own.lock();
    if (!live) return;
    live->Post([weak, client_id, closed] {
      if (const auto self = weak.lock()) self->Forget(client_id, closed.lock());
    });
  };
  loop->Post([service = service_, connection = client.connection, weak = client.loop, forget] {
    service->Start(connection, weak, forget);
  });
}

void ListenerState::Forget(uint64_t client_id, const std::shared_ptr<TcpConnection>& closed) {
  const auto found = clients_.find(client_id);
  if (found != clients_.end() && found->second.connection == closed) clients_.erase(found);
}

class TcpListener final : public Listener {
 public:
  TcpListener(std::shared_ptr<IoThreads> threads, std::shared_ptr<IoThread> thread,
              std::shared_ptr<ListenerState> state, std::string endpoint)
      : threads_(std::move(threads)),
        thread_(std::move(thread)),
        state_(std::move(state)),
        endpoint_(std::move(endpoint)) {}
  ~TcpListener() override {
    // Close posts the end of each connection to its thread. Work that is posted there afterwards
    // and waited for runs behind it: then no handler runs any more, and what handlers use may end.
    thread_->RunAndWait([this] { state_->Close(); });
    for (const auto& other : threads_->started()) other->RunAndWait([] {});
    thread_->RunAndWait([this] { state_.reset(); });  // timers and sockets end where they run
  }
  std::string endpoint() const override { return endpoint_; }

 private:
  const std::shared_ptr<IoThreads> threads_;
  const std::shared_ptr<IoThread> thread_;  // of the state
  std::shared_ptr<ListenerState> state_;
  const std::string endpoint_;
};

}  // namespace

Result<std::unique_ptr<Listener>> NewTcpListener(std::shared_ptr<IoThreads> threads,
                                                 const TransportOptions& options,
                                                 std::shared_ptr<const TlsContext> tls,
                                                 RequestHandler handler) {
  ASSIGN_OR_RETURN(std::shared_ptr<IoThread> thread, threads->Next());
  ASSIGN_OR_RETURN(std::unique_ptr<Acceptor> acceptor,
                   thread->loop()->Bind(options.listen_address));
  const std::string host =
      options.listen_address.empty() ? OutwardAddress() : options.listen_address;
  std::string endpoint = StrCat(options.service, options.service.empty() ? "" : "@",
                                EndpointText(host, acceptor->port()));
  auto state = std::make_shared<ListenerState>(thread->loop(), threads.get(), options,
                                               std::move(tls), std::move(handler));
  thread->RunAndWait([&] { state->Start(std::move(acceptor)); });
  return std::unique_ptr<Listener>(std::make_unique<TcpListener>(
      std::move(threads), std::move(thread), std::move(state), std::move(endpoint)));
}

}  // namespace chorus
