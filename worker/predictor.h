#pragma once
// Writes one line an exposure, in log order whatever the layout:
//   row_id <tab> click <tab> conversion <tab> pctr <tab> pcvr <tab> pctcvr
// Thread safety: every worker calls it from its own thread; worker 0 writes.

#include <functional>
#include <string_view>

#include "common/status.h"
#include "worker/session.h"

namespace chorus::worker {

// Scores evaluate.log. `write` gets the text piece by piece, on worker 0 only.
Status Predict(Session* session, const std::function<Status(std::string_view text)>& write);

}  // namespace chorus::worker
