#include "worker/train/wait_for_first.h"

#include <algorithm>
#include <string>

namespace chorus::worker {

Status WaitForFirst(Collective* collective, double deadline_seconds,
                    const std::function<Result<bool>(double seconds)>& ended) {
  const double seconds_between_signs = std::min(1.0, deadline_seconds / 8);
  for (std::string sign; sign.empty();) {  // "" = not yet
    if (collective->rank() == 0) {
      ASSIGN_OR_RETURN(const bool over, ended(seconds_between_signs));
      if (over) sign = "ended";
    }
    ASSIGN_OR_RETURN(sign, collective->Broadcast(sign, 0));
  }
  return Status::Ok();
}

}  // namespace chorus::worker
