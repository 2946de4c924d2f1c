#pragma once
// Texts as values of JSON. Thread safety: a pure function.

#include <cstdio>
#include <string>
#include <string_view>

namespace chorus {

// The text as a JSON string with its quotes; YAML reads it as the same text.
inline std::string QuotedJson(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out.push_back('\\');
    if (byte >= 0x20) {
      out.push_back(c);
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(byte));
    out += escaped;
  }
  return out + "\"";
}

}  // namespace chorus
