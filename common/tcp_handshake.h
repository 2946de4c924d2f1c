#pragma once
// Runs the handshake of handshake.h over a fresh socket. The caller bounds its time by closing the
// socket.
// Thread safety: the loop's thread only.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/io_loop.h"
#include "common/status.h"
#include "common/tls_session.h"
#include "common/transport.h"

namespace chorus {

// What a side of a handshake knows and wants.
struct HandshakeTerms {
  // REQUIRES: the token is not empty (some versions of OpenSSL derive no key from an empty one); `context` is null if
  // and only if the protection is kAuthenticated.
  HandshakeTerms(std::string token_of_service, Protection wanted,
                 std::shared_ptr<const TlsContext> context);

  const std::string token;  // of the service
  const Protection protection;
  const std::shared_ptr<const TlsContext> tls;
};

// Gives `done` the socket that frames are to use, once the server has accepted us and proved the
// token. Errors: those of CheckHello, CheckProofsAgree, CheckVerdict, StartTls and of the socket.
void RunClientHandshake(std::shared_ptr<Socket> socket, const HandshakeTerms& terms,
                        uint64_t client_id,
                        std::function<void(Result<std::shared_ptr<Socket>>)> done);

struct ProvenClient {
  uint64_t id = 0;
  std::shared_ptr<Socket> socket;  // the one that frames are to use
};
// Errors: those of CheckHello, CheckProofsAgree and StartTls, kPermissionDenied, and those of the
// socket. A client that can understand the reason has been told it; the caller closes the socket.
void RunServerHandshake(std::shared_ptr<Socket> socket, const HandshakeTerms& terms,
                        std::function<void(Result<ProvenClient>)> done);

}  // namespace chorus
