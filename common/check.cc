#include "common/check.h"

#include <cstdio>
#include <cstdlib>

namespace chorus {

void CheckFailed(const char* file, int line, const char* expression, const std::string& message) {
  std::fprintf(stderr, "%s:%d: CHECK(%s) failed %s\n", file, line, expression, message.c_str());
  std::abort();
}

}  // namespace chorus
