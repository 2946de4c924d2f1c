#pragma once
// Numbers in texts, as printf writes them. Thread safety: pure functions.

#include <cstdarg>
#include <cstdio>
#include <string>

namespace chorus::launch {

// The text has at most 511 bytes; a longer one is cut.
__attribute__((format(printf, 1, 2))) inline std::string Printed(const char* format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof(buffer), format, arguments);
  va_end(arguments);
  return buffer;
}

}  // namespace chorus::launch
