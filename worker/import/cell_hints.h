#pragma once
// The end of an error about a cell: what was expected, and which spelling of another country or
// program the cell has instead. Thread safety: pure functions.

#include <string>
#include <string_view>

namespace chorus::worker {

// Whether a text is a date that does not begin with its year: "27.11.2025", "11/27/2025 16:00". A
// version ("4.10.21") is none.
bool IsDateWithYearLast(std::string_view text);
// Whether a text is a number once its commas are points, or nothing: "0,5", "1.234,50", "1,234.5".
bool HasNumberCommas(std::string_view text);

// "a finite number", and what the text has instead: a decimal comma, a date, a unit.
std::string ExpectedNumber(std::string_view text);
// "a number, or a date like 2025-11-27 16:00:00", likewise.
std::string ExpectedTime(std::string_view text);

}  // namespace chorus::worker
