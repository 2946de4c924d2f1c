#pragma once
// The comments of a .proto file, by the name that each belongs to. A descriptor does not have them.
// Thread safety: pure functions.

#include <map>
#include <string>
#include <string_view>

namespace chorus::launch {

// Comments by full name, from the file's outermost messages on: "DataConfig", "DataConfig.order",
// "DataConfig.SHUFFLED" (a value of an enum is a name beside the enum's). A comment is above its
// name, or behind it in its last line; its lines are joined by blanks.
std::map<std::string, std::string> CommentsOf(std::string_view proto);

}  // namespace chorus::launch
