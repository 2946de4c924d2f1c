#pragma once
// The proven connections of a listener: their requests go to the handler, and its replies go back.
// Thread safety: each connection is served on its own loop's thread; they share the handler alone.

#include <functional>
#include <memory>

#include "common/frame_codec.h"
#include "common/io_loop.h"
#include "common/tcp_connection.h"
#include "common/transport.h"

namespace chorus {

class TcpService : public std::enable_shared_from_this<TcpService> {
 public:
  TcpService(const TransportOptions& options, RequestHandler handler)
      : options_(options), handler_(std::move(handler)) {}

  // Begins to serve. Call it on the thread of `loop`, which is the connection's. on_closed is
  // called there when the connection ends, unless Close ended it.
  void Start(const std::shared_ptr<TcpConnection>& connection, const std::weak_ptr<IoLoop>& loop,
             std::function<void()> on_closed) const;

 private:
  void Serve(const std::shared_ptr<TcpConnection>& connection, const std::weak_ptr<IoLoop>& loop,
             Envelope request) const;

  const TransportOptions options_;
  const RequestHandler handler_;
};

}  // namespace chorus
