#include "worker/train/checksummed_text.h"

#include <google/protobuf/text_format.h>

#include <string_view>

#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kChecksumPrefix = "# checksum ";

}  // namespace

Status ReadChecksummedText(FileSystem& files, const std::string& path,
                           google::protobuf::Message* message) {
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
  const size_t line = text.rfind(kChecksumPrefix);
  if (line == std::string::npos ||
      text.substr(line + kChecksumPrefix.size()) !=
          HexDigits(Checksum(std::string_view(text).substr(0, line))) + "\n") {
    return DataLoss(path + ": its checksum line does not fit the text before it");
  }
  if (google::protobuf::TextFormat::ParseFromString(text.substr(0, line), message)) {
    return Status::Ok();
  }
  return DataLoss(path + ": this version cannot read it");
}

Status WriteChecksummedText(FileSystem& files, const std::string& path,
                            const google::protobuf::Message& message) {
  std::string text;
  if (!google::protobuf::TextFormat::PrintToString(message, &text)) {
    return Internal(path + ": its text cannot be made");
  }
  const std::string checksum = HexDigits(Checksum(text));
  text.append(kChecksumPrefix).append(checksum).append("\n");
  return ReplaceFile(files, path, text);
}

}  // namespace chorus::worker
