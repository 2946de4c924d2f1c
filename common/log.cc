#include "common/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "common/check.h"

namespace chorus {
namespace {

spdlog::logger& Logger() {
  // Leaked on purpose: threads may log while static objects are destroyed.
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("chorus", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("[%L %H:%M:%S.%e] %v");
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum Level(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  CHECK(false, "no level of the log: ", level);
}

}  // namespace

void SetLogName(std::string_view name) {
  Logger().set_pattern("[%L %H:%M:%S.%e " + std::string(name) + "] %v");
}

void SetLogLevel(LogLevel lowest) { Logger().set_level(Level(lowest)); }

void LogLine(LogLevel level, std::string_view text) {
  Logger().log(Level(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace chorus
