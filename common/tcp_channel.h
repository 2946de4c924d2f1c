#pragma once
// The TCP channel behind Transport::Connect; for transport_tcp.cc alone.
// Thread safety: any thread.

#include <memory>
#include <string>

#include "common/io_loop.h"
#include "common/tls_session.h"
#include "common/transport.h"

namespace chorus {

// tls: null, unless connections are to be encrypted.
std::unique_ptr<Channel> NewTcpChannel(std::shared_ptr<IoThread> thread,
                                       const TransportOptions& options,
                                       std::shared_ptr<const TlsContext> tls,
                                       const std::string& endpoint, const std::string& peer_name);

}  // namespace chorus
