#pragma once
// The TCP listener behind Transport::Listen; for transport_tcp.cc alone.
// Thread safety: any thread.

#include <memory>

#include "common/io_loop.h"
#include "common/transport.h"

namespace chorus {

Result<std::unique_ptr<Listener>> NewTcpListener(std::shared_ptr<IoThreads> threads,
                                                 const TransportOptions& options,
                                                 RequestHandler handler);

}  // namespace chorus
