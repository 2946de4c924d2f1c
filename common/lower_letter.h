#pragma once
// Upper and lower case of ASCII, whatever the locale. Thread safety: pure function.

namespace chorus {

// The letter in lower case; every other character as it is.
constexpr char LowerLetter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace chorus
