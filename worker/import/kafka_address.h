#pragma once
// A topic as an input names it: "kafka://BROKER:PORT,BROKER:PORT/TOPIC?KEY=VALUE&KEY=VALUE", in
// which only the topic must be there.
//
//   partitions=0,3,7       those alone (all)
//   start=earliest|latest  where reading begins in a partition that is new (earliest)
//   columns=user,item,...  of delimited text, in place of a header; %2C is a comma
//   on_lost=fail|skip      what becomes of messages that the brokers delete before they are read
//   wait_seconds=60        how long no broker may answer, or a partition give nothing
//
// Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace chorus::worker {

struct KafkaAddress {
  std::string brokers;  // "": of the configuration
  std::string topic;
  std::vector<uint32_t> partitions;  // sorted; empty: all
  bool latest = false;
  std::vector<std::string> columns;  // empty: rows have no names, or the format has its own
  bool skips_lost = false;
  double wait_seconds = 60;

  // The name by which a position knows the topic: its brokers may move.
  std::string name() const;
};

bool IsKafkaAddress(std::string_view input);
// Error: kInvalidArgument, and what is expected. REQUIRES: IsKafkaAddress(input).
Result<KafkaAddress> ParseKafkaAddress(const std::string& input);

}  // namespace chorus::worker
