#pragma once
// Points in time as people read them. Thread safety: pure function.

#include <cstdint>
#include <string>

namespace chorus {

// "2025-11-27 10:00:00", in UTC, of seconds since 1970; the number itself where it is of no year that
// a calendar has.
std::string UtcText(int64_t seconds);

}  // namespace chorus
