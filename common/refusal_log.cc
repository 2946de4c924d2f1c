#include "common/refusal_log.h"

#include "common/log.h"
#include "common/strings.h"

namespace chorus {

void RefusalLog::Add(const std::string& peer, const Status& why) {
  if (refused_ == 0) timer_->Start(every_seconds_, [this] { TellRest(); });
  if (++refused_ <= kLines) {
    LogWarning(listener_, ": connection from ", peer, " refused: ", why.ToString());
  } else {
    last_ = StrCat(peer, ": ", why.ToString());
  }
}

void RefusalLog::TellRest() {
  if (refused_ > kLines) {
    LogWarning(listener_, ": ", refused_ - kLines, " more connections were refused within ",
               every_seconds_, " s, the last one from ", last_);
  }
  refused_ = 0;
}

void RefusalLog::Close() {
  timer_->Cancel();
  TellRest();
}

}  // namespace chorus
