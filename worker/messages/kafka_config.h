#pragma once
// Settings of librdkafka, as its tools read them from a file (kcat -F): lines "key=value"; those
// that begin with # and blank ones are nothing. Values may be secrets: no message shows one.
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

// Error: kInvalidArgument, a line is none of these; what reading the file gives.
Result<std::vector<KafkaSetting>> ReadKafkaConfig(FileSystem& files, const std::string& path);

}  // namespace chorus::worker
