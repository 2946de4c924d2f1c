#pragma once
// Topics of Kafka, through librdkafka: libchorus_kafka.so (worker/kafka), which is opened with the
// first topic, so that the program starts on a machine without it. Thread safety: any thread; a
// reader belongs to one.

#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/messages/kafka_config.h"
#include "worker/messages/message_reader.h"

namespace chorus::worker {

struct KafkaReaderOptions {
  std::string brokers;  // "host:9092,other:9092"; "": those of the settings
  std::string topic;
  std::vector<KafkaSetting> settings = {};  // of librdkafka
  // The library: a path, or a name that is looked for beside the executable, in its search path
  // (lib/chorus of an installed program), and where the system looks.
  std::string library = "libchorus_kafka.so";
};

// Connects nowhere yet.  Errors: kNotFound, there is no library (the message says what to do about
// it); kFailedPrecondition, it belongs to another build; kInvalidArgument, a setting is wrong or is
// one that imports set themselves (the message says where it is), or there are no brokers.
Result<std::unique_ptr<MessageReader>> OpenKafka(const KafkaReaderOptions& options);

}  // namespace chorus::worker
