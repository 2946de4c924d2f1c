#pragma once
// Words of command lines that are shown to people, or written for a shell. Thread safety: pure
// function.

#include <string>
#include <string_view>

namespace chorus {

// The word in single quotes, as a POSIX shell reads it, whatever it holds: "it's" is 'it'\''s'.
std::string ShellQuoted(std::string_view word);

// The same, but without quotes where the shell reads the word as it is: "day1.csv".
std::string ShellWord(std::string_view word);

}  // namespace chorus
