#pragma once
// Settings of librdkafka, as its tools read them from a file (kcat -F): lines "key=value"; blank
// lines and those that begin with # are passed over. Values may be secrets: no message shows one.
// Thread safety: pure function.

#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

struct KafkaSetting {
  std::string key;
  std::string value;
  std::string place = {};  // "kafka.conf:3"; "": no file has it
};

// Errors: kInvalidArgument, a line is none of these; those of reading the file.
Result<std::vector<KafkaSetting>> ReadKafkaConfig(FileSystem& files, const std::string& path);

}  // namespace chorus::worker
