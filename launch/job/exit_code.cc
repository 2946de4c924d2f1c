#include "launch/job/exit_code.h"

namespace chorus::launch {

// An abort follows from another rank's error, which has its own code: the launcher takes the first
// code that comes, and if ours is the only one, nobody knows of another cause.
int ExitCodeOf(const Status& status) {
  return IsConsequence(status.code()) ? kExitUnavailable : kExitFailure;
}

bool WouldComeAgain(int code) {
  return code == kExitFailure || code == 2 || code == 3 || code == 126 || code == 127;
}

}  // namespace chorus::launch
