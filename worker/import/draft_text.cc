#include "worker/import/draft_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>

#include "common/strings.h"

namespace chorus::worker {

std::string QuotedForProto(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (c == '\t') {
      out.append("\\t");
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char octal[16];
      std::snprintf(octal, sizeof(octal), "\\%03o", static_cast<unsigned>(c));
      out.append(octal);
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

std::string ShareText(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %%", 100 * share);
  return text;
}

std::string ShareText(uint64_t part, uint64_t whole) {
  return ShareText(whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole));
}

std::string Commented(std::string line, const std::string& comment) {
  constexpr size_t kCommentColumn = 58;
  if (comment.empty()) return line + "\n";
  line.resize(std::max(kCommentColumn, line.size() + 2), ' ');
  return StrCat(line, "# ", comment, "\n");
}

}  // namespace chorus::worker
