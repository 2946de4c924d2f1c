#pragma once
// CHECK(condition, parts...): for what only a bug can break. It prints expression, values and
// place, and aborts, in every build. For what the world can break use Status.
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
