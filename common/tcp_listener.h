#pragma once
// The TCP listener behind Transport::Listen; for transport_tcp.cc alone.
// Thread safety: any thread.

#include <memory>

#include "common/io_loop.h"
#include "common/tls_session.h"
#include "common/transport.h"

namespace chorus {

// tls: null, unless connections are to be encrypted.
Result<std::unique_ptr<Listener>> NewTcpListener(std::shared_ptr<IoThreads> threads,
                                                 const TransportOptions& options,
                                                 std::shared_ptr<const TlsContext> tls,
                                                 RequestHandler handler);

}  // namespace chorus
