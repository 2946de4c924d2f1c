#include "common/transport.h"

#include <future>
#include <utility>

#include "common/log.h"
#include "common/shortage.h"

namespace chorus {

void HandleRequest(const RequestHandler& handler, Frame request, Responder respond) {
  try {
    handler(std::move(request), respond);
  } catch (const std::exception& error) {
    const Status status = StatusOfException(error);
    LogError("answering a request: ", status.ToString());
    respond(MakeErrorFrame(status));
  }
}

Result<Frame> Channel::Call(Frame request, double deadline_seconds) {
  // The callback owns its end of the promise: it may still be returning when we have the value.
  const auto reply = std::make_shared<std::promise<Result<Frame>>>();
  CallAsync(std::move(request), deadline_seconds,
            [reply](Result<Frame> result) { reply->set_value(std::move(result)); });
  return reply->get_future().get();
}

}  // namespace chorus
