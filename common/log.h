#pragma once
// Log lines on standard error: "[I 12:00:03.120 worker 1] text". The library behind it is hidden in
// log.cc.
// Thread safety: any thread.

#include <string>
#include <string_view>

#include "common/strings.h"

namespace chorus {

enum class LogLevel { kInfo, kWarning, kError };

// The name in every line of this process ("worker 1", "server 0"). Call once, at the start.
void SetLogName(std::string_view name);
void SetLogLevel(LogLevel lowest);  // lines below it are not written
void LogLine(LogLevel level, std::string_view text);

template <typename... Parts>
void LogInfo(const Parts&... parts) {
  LogLine(LogLevel::kInfo, StrCat(parts...));
}
template <typename... Parts>
void LogWarning(const Parts&... parts) {
  LogLine(LogLevel::kWarning, StrCat(parts...));
}
template <typename... Parts>
void LogError(const Parts&... parts) {
  LogLine(LogLevel::kError, StrCat(parts...));
}

}  // namespace chorus
