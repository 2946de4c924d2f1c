#pragma once
// The name of this machine. Thread safety: any thread.

#include <string>

namespace chorus {

std::string NodeName();  // "unknown" when the system does not say

}  // namespace chorus
