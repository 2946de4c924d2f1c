#include "launch/job/exit_code.h"

namespace chorus::launch {

// An abort is another rank's error, which has its own code: the launcher takes the first that
// comes, and where that is ours alone nobody knows of another cause.
int ExitCodeOf(const Status& status) {
  return IsConsequence(status.code()) ? kExitUnavailable : kExitFailure;
}

}  // namespace chorus::launch
