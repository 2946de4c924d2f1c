#pragma once
// CHECK(condition, parts...) is for what only a bug can break: it prints expression, values and
// place, and aborts, in every build. Use Status for what the world can break.
//   CHECK(rows <= capacity, "rows=", rows, " capacity=", capacity);

#include <string>

#include "common/strings.h"

namespace chorus {
[[noreturn]] void CheckFailed(const char* file, int line, const char* expression,
                              const std::string& message);
}  // namespace chorus

#define CHECK(condition, ...)                                                               \
  do {                                                                                      \
    if (!(condition)) [[unlikely]] {                                                        \
      ::chorus::CheckFailed(__FILE__, __LINE__, #condition, ::chorus::StrCat(__VA_ARGS__)); \
    }                                                                                       \
  } while (0)
