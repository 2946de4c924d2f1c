#include "common/tcp_service.h"

#include <utility>

#include "common/log.h"
#include "common/strings.h"

namespace chorus {

void TcpService::Start(const std::shared_ptr<TcpConnection>& connection,
                       const std::weak_ptr<IoLoop>& loop, std::function<void()> on_closed) const {
  connection->Start(
      [self = shared_from_this(), weak = std::weak_ptr(connection), loop](Envelope request) {
        if (const auto live = weak.lock()) self->Serve(live, loop, std::move(request));
      },
      [self = shared_from_this(), raw = connection.get(),
       on_closed = std::move(on_closed)](const Status& why) {
        if (why.code() != Code::kUnavailable) {
          LogWarning(self->options_.local_name, ": connection from ", raw->peer(),
                     " closed: ", why.ToString());
        }
        on_closed();
      });
}

// The handler may answer on any thread, long after the connection or its loop has ended: the reply
// holds both weakly, and is posted to the loop, where connections live. A reply to a connection
// that is gone is dropped; the client asks again on its next one, under the same id.
void TcpService::Serve(const std::shared_ptr<TcpConnection>& connection,
                       const std::weak_ptr<IoLoop>& loop, Envelope request) const {
  const uint64_t id = request.request_id;
  HandleRequest(
      handler_, std::move(request.frame),
      [loop, weak = std::weak_ptr(connection), id, limit = options_.max_frame_bytes](Frame reply) {
        // The client would refuse such a frame, close the connection, and ask again until its
        // deadline.
        if (FrameBytes(reply) > limit) {
          reply = MakeErrorFrame(ResourceExhausted(StrCat(
              "a reply of ", FrameBytes(reply), " bytes is above the frame limit of ", limit)));
        }
        const auto live_loop = loop.lock();
        if (!live_loop) return;
        live_loop->Post([weak, id, reply = std::move(reply)]() mutable {
          const auto live = weak.lock();
          if (live) live->Send({id, FrameDirection::kReply, std::move(reply)});
        });
      });
}

}  // namespace chorus
