// The TCP transport: a few threads run all sockets, timers and callbacks of a Transport's listeners
// and channels; each connection has one of these threads. tcp_listener.cc is the server's side,
// tcp_channel.cc the client's, tcp_connection.cc what both do.

#include <utility>

#include "common/check.h"
#include "common/io_loop.h"
#include "common/tcp_channel.h"
#include "common/tcp_listener.h"
#include "common/tls_session.h"
#include "common/transport.h"

namespace chorus {
namespace {

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(const TransportOptions& options) : options_(options) {
    CHECK(options.max_part_bytes > 0 && options.max_frame_bytes > 0 && options.threads > 0);
    CHECK(!options.token.empty(), "a transport of TCP without a token");
  }
  Result<std::unique_ptr<Listener>> Listen(RequestHandler handler) override {
    RETURN_IF_ERROR(tls_.status());
    return NewTcpListener(threads_, options_, *tls_, std::move(handler));
  }
  Result<std::unique_ptr<Channel>> Connect(const std::string& endpoint,
                                           const std::string& peer_name) override {
    RETURN_IF_ERROR(tls_.status());
    ASSIGN_OR_RETURN(std::shared_ptr<IoThread> thread, threads_->Next());
    return NewTcpChannel(std::move(thread), options_, *tls_, endpoint, peer_name);
  }

 private:
  using Tls = Result<std::shared_ptr<const TlsContext>>;

  const TransportOptions options_;
  const Tls tls_ =
      options_.protection == Protection::kAuthenticated ? Tls(nullptr) : TlsContext::Create();
  const std::shared_ptr<IoThreads> threads_ =
      std::make_shared<IoThreads>(options_.threads, options_.new_loop);
};

}  // namespace

std::unique_ptr<Transport> NewTcpTransport(const TransportOptions& options) {
  return std::make_unique<TcpTransport>(options);
}

}  // namespace chorus
