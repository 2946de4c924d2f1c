#pragma once
// Which schemas fit a topic of messages. Thread safety: pure function.

#include <string>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/import/kafka_address.h"

namespace chorus::worker {

// Whether rows of the schema can come in messages.  Error: kInvalidArgument, says what to write.
// schema_name: for messages to people.
Status CheckMessageSchema(const ImportSchema& schema, const std::string& schema_name,
                          const KafkaAddress& address);

}  // namespace chorus::worker
