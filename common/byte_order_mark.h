#pragma once
// The mark of UTF-8 that editors of Windows begin a text with, and that is no part of it.
// Thread safety: pure function.

#include <string_view>

namespace chorus {

// The text behind the mark, or all of it where it has none.
inline std::string_view WithoutByteOrderMark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

}  // namespace chorus
