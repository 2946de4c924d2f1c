#pragma once
// Whether every tag of a page is closed in order. Thread safety: pure function.

#include <string>
#include <vector>

namespace chorus {

// "" when the page is well formed, else what is wrong. The doctype is passed over.
inline std::string WhatIsUnbalanced(const std::string& page) {
  std::vector<std::string> open;
  for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const size_t end = page.find('>', at);
    if (end == std::string::npos) return "a tag without an end";
    const std::string tag = page.substr(at + 1, end - at - 1);
    if (tag.empty()) return "an empty tag";
    if (tag[0] == '!' || tag.back() == '/') continue;
    if (tag[0] != '/') {
      open.push_back(tag.substr(0, tag.find_first_of(" \n")));
      continue;
    }
    if (open.empty() || open.back() != tag.substr(1)) return "unexpected <" + tag + ">";
    open.pop_back();
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

}  // namespace chorus
