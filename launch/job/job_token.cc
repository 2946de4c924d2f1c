#include "launch/job/job_token.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "common/strings.h"

namespace chorus::launch {

Result<std::string> NewJobToken() {
  unsigned char bytes[32];
  ssize_t got = 0;
  do {
    got = getrandom(bytes, sizeof(bytes), 0);  // up to 256 bytes come whole or not at all
  } while (got < 0 && errno == EINTR);
  if (got != sizeof(bytes)) return Internal(StrCat("getrandom: ", std::strerror(errno)));
  std::string token;
  for (const unsigned char byte : bytes) {
    token.push_back("0123456789abcdef"[byte >> 4]);
    token.push_back("0123456789abcdef"[byte & 15]);
  }
  return token;
}

Result<std::string> ShareJobToken(Communicator& group) {
  std::string token;
  if (group.rank() == 0) {
    ASSIGN_OR_RETURN(token, NewJobToken());
  }
  ASSIGN_OR_RETURN(token, group.Broadcast(token, 0));
  return token;
}

}  // namespace chorus::launch
