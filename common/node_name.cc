#include "common/node_name.h"

#include <unistd.h>

namespace chorus {

std::string NodeName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown";
}

}  // namespace chorus
