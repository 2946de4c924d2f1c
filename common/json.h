#pragma once
// Protobuf messages as JSON, with the names that their fields have in the .proto files: lines of
// metrics.jsonl and results.jsonl, the head of a run, the manifest of an export.
// Thread safety: pure functions.

#include <string>
#include <string_view>

#include <google/protobuf/message.h>

#include "common/status.h"

namespace chorus {

struct JsonStyle {
  // Fields without presence are written even if they are 0 or empty: a measured 0 is a value.
  bool zeros = false;
  bool indented = false;  // several lines; otherwise one, without an end of line
};

// Error: kInternal, which names the type of a message that has no JSON form.
Result<std::string> ToJson(const google::protobuf::Message& message, JsonStyle style = {});

// Reads what ToJson wrote. Error: kInvalidArgument, which says in one line what is wrong with the
// text.
Status FromJson(std::string_view text, google::protobuf::Message* message);

}  // namespace chorus
