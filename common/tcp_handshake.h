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

namespace chorus {

// OK: the server accepted us and proved the token. Errors: those of CheckHello, of CheckVerdict and
// of the socket.
void RunClientHandshake(std::shared_ptr<Socket> socket, const std::string& token,
                        uint64_t client_id, std::function<void(Status)> done);
// The proven client's id. Errors: those of CheckHello, kPermissionDenied, and those of the socket.
// A client that can understand the reason has been told it; the caller closes the socket.
void RunServerHandshake(std::shared_ptr<Socket> socket, const std::string& token,
                        std::function<void(Result<uint64_t>)> done);

}  // namespace chorus
