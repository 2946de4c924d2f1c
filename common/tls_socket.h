#pragma once
// A socket whose bytes travel in TLS over another socket.
// Thread safety: the loop's thread only.

#include <functional>
#include <memory>

#include "common/io_loop.h"
#include "common/status.h"
#include "common/tls_session.h"

namespace chorus {

// Runs the TLS handshake over `plain`, which then belongs to the socket that `done` gets. The caller bounds its time by
// closing `plain`. Errors: those of TlsSession::Shake, of which the peer has been told, and of the socket.
void StartTls(std::shared_ptr<Socket> plain, std::unique_ptr<TlsSession> session,
              std::function<void(Result<std::unique_ptr<Socket>>)> done);

}  // namespace chorus
