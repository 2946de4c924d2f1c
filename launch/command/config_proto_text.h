#pragma once
// The text of common/config.proto; config_proto_text.cmake makes it a part of the program.
// Thread safety: a constant.

#include <string_view>

namespace chorus::launch {

extern const std::string_view kConfigProtoText;

}  // namespace chorus::launch
