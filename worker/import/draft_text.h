#pragma once
// Pieces of a drafted schema: texts as protobuf's text format quotes them, shares, and lines with
// comments. Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <string_view>

namespace chorus::worker {

// A text as protobuf's text format quotes it.
std::string QuotedForProto(std::string_view text);

// "3.0 %"
std::string ShareText(double share);
std::string ShareText(uint64_t part, uint64_t whole);  // 0 of nothing

// "line     # comment", and the end of the line; "line" without a comment.
std::string Commented(std::string line, const std::string& comment);

}  // namespace chorus::worker
