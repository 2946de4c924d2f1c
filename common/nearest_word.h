#pragma once
// The word that was meant by one with a slip of the finger. Thread safety: pure functions.

#include <string>
#include <string_view>
#include <vector>

namespace chorus {

// The one of `words` that differs from `word` by the fewest letters changed, added, left out or
// swapped with the next, the first of several; "" when each differs by more than two, or by more
// than one for a word of up to four letters. A word of one letter is near to itself alone. Capital
// letters count as small ones, and '-' and '_' are alike.
std::string NearestWord(std::string_view word, const std::vector<std::string>& words);

// "; did you mean \"seed\"?", to be put at the end of a message or into it; "" when nothing is
// near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& words);

// "; did you mean \"seed\"? allowed: <choices>", to follow an error about a word that is none of
// `words`; "; allowed: <choices>" when nothing is near.
std::string InsteadOfWord(std::string_view word, const std::vector<std::string>& words,
                          std::string_view choices);

}  // namespace chorus
