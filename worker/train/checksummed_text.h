#pragma once
// A message on disk that people can read: text format and a line with its checksum, "# checksum
// 0123456789abcdef". Thread safety: pure except for the files.

#include <google/protobuf/message.h>

#include <string>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

// Error: kDataLoss when the checksum does not fit, or this version cannot read the text.
Status ReadChecksummedText(FileSystem& files, const std::string& path,
                           google::protobuf::Message* message);
// Synced and atomic: the file has the old bytes or the new ones.
Status WriteChecksummedText(FileSystem& files, const std::string& path,
                            const google::protobuf::Message& message);

}  // namespace chorus::worker
