#pragma once
// The word that was meant by one with a slip of the finger. Thread safety: pure functions.

#include <string>
#include <string_view>
#include <vector>

namespace chorus {

// The one of `words` that takes the fewest letters changed, added, left out or swapped with the
// next; "" when each takes more than two, or more than one of a word of up to four letters. A word
// of one letter is near to itself alone. Capital letters are small ones, and '-' and '_' are alike.
// The first of equals.
std::string NearestWord(std::string_view word, const std::vector<std::string>& words);

// "; did you mean \"seed\"?", to end or to interrupt a message with; "" when nothing is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& words);

// "; did you mean \"seed\"? allowed: <choices>", behind what is said of a word that is none of
// `words`; "; allowed: <choices>" when nothing is near.
std::string InsteadOfWord(std::string_view word, const std::vector<std::string>& words,
                          std::string_view choices);

}  // namespace chorus
