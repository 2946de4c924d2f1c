#pragma once
// The TCP channel behind Transport::Connect; for transport_tcp.cc alone.
// Thread safety: any thread.

#include <memory>
#include <string>

#include "common/io_loop.h"
#include "common/transport.h"

namespace chorus {

std::unique_ptr<Channel> NewTcpChannel(std::shared_ptr<IoThread> thread,
                                       const TransportOptions& options, const std::string& endpoint,
                                       const std::string& peer_name);

}  // namespace chorus
