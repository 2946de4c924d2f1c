#pragma once
// Numbers as spreadsheets and shops write them, which import does not read: with decimal commas,
// marks between thousands, percent, currencies and other units, and the minus and the blanks of
// typography. Thread safety: pure function.

#include <string_view>

namespace chorus::worker {

enum class NumberSpelling {
  kNone,     // other text, or a number that is read as it is
  kOpen,     // "12,50", "1,234", "1 234": a number, or a list of two ids
  kCertain,  // "1.234,50", "0,05", "$3.50", "13.9%", "12 kr", "1'234.50": nothing but a number
};

NumberSpelling SpellingOf(std::string_view text);

}  // namespace chorus::worker
