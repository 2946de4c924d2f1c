#pragma once
// What this machine is called. Thread safety: any thread.

#include <string>

namespace chorus {

std::string NodeName();  // "unknown" when the system does not say

}  // namespace chorus
