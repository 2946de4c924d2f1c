#pragma once
// The word that was meant by one with a slip of the finger. Thread safety: a pure function.

#include <string>
#include <vector>

namespace chorus::launch {

// The one of `words` that takes the fewest letters changed, added, left out or swapped with the
// next; "" when each takes more than two. The first of equals.
std::string NearestWord(const std::string& word, const std::vector<std::string>& words);

}  // namespace chorus::launch
