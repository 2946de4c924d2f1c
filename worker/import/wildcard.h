#pragma once
// Texts with wildcards: "*" stands for any text, "?" for one byte. Thread safety: pure functions.

#include <string_view>

namespace chorus::worker {

bool HasWildcard(std::string_view pattern);
// Whether `pattern` matches the whole `text`. Time: the product of the lengths at most.
bool MatchesWildcard(std::string_view pattern, std::string_view text);

}  // namespace chorus::worker
