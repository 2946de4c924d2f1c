#pragma once
// The one answer that a request gets. If the work for the request is dropped on the way, the
// destructor answers that the server is shutting down: no client has to wait for its deadline.
// Thread safety: Send from any thread, once.

#include <utility>

#include "common/frame.h"
#include "common/transport.h"

namespace chorus::ps {

class Answer {
 public:
  explicit Answer(Responder respond) : respond_(std::move(respond)) {}
  ~Answer() {
    if (respond_) respond_(MakeErrorFrame(Aborted("the server is shutting down")));
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  void Send(Frame reply) { std::exchange(respond_, nullptr)(std::move(reply)); }

 private:
  Responder respond_;
};

}  // namespace chorus::ps
