#include "common/json.h"

#include <google/protobuf/util/json_util.h>

#include "common/strings.h"

namespace chorus {

Result<std::string> ToJson(const google::protobuf::Message& message, JsonStyle style) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = style.zeros;
  options.add_whitespace = style.indented;
  std::string json;
  const auto made = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (made.ok()) return json;
  return Internal(StrCat("a ", message.GetTypeName(), " has no JSON: ", made.ToString()));
}

Status FromJson(std::string_view text, google::protobuf::Message* message) {
  const auto read = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(text.data(), text.size()), message);
  if (read.ok()) return Status::Ok();
  // The parser's further lines show the place with a caret.
  const std::string_view problem(read.message().data(), read.message().size());
  return InvalidArgument(Split(problem, '\n')[0]);
}

}  // namespace chorus
