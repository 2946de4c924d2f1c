#include "common/utc_text.h"

#include <ctime>

#include "common/strings.h"

namespace chorus {

std::string UtcText(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts = {};
  char text[64];
  if (gmtime_r(&time, &parts) == nullptr) return StrCat(seconds);
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts)};
}

}  // namespace chorus
