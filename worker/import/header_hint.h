#pragma once
// What may be wrong with a header in which a column is not found. Thread safety: pure function.

#include <string>
#include <vector>

namespace chorus::worker {

// "; 'Click' differs in case only", or another guess, to end a message with; "" without a guess.
std::string HeaderHint(const std::string& wanted, const std::vector<std::string>& columns);

}  // namespace chorus::worker
