#pragma once
// The proven connections of a listener: their requests go to the handler, its replies back.
// Thread safety: every connection on its own loop's thread; they share only the handler.

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

  // Starts to serve. Runs on `loop`'s thread, which is the connection's; so does on_closed, unless
  // Close ended the connection.
  void Start(const std::shared_ptr<TcpConnection>& connection, const std::weak_ptr<IoLoop>& loop,
             std::function<void()> on_closed) const;

 private:
  void Serve(const std::shared_ptr<TcpConnection>& connection, const std::weak_ptr<IoLoop>& loop,
             Envelope request) const;

  const TransportOptions options_;
  const RequestHandler handler_;
};

}  // namespace chorus
