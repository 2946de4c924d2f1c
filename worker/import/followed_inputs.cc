#include "worker/import/followed_inputs.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "worker/import/follow_folder.h"
#include "worker/import/follow_messages.h"
#include "worker/import/message_schema.h"
#include "worker/import/text_format.h"
#include "worker/messages/kafka_config.h"
#include "worker/messages/kafka_reader.h"

namespace chorus::worker {
namespace {

std::string BrokersOf(const KafkaAddress& address) {
  return address.brokers.empty() ? "the brokers of --kafka-config" : address.brokers;
}

}  // namespace

Result<std::vector<std::string>> FollowedInputs::Names() {
  std::vector<std::string> names;
  for (const std::string& input : options_.import.inputs) {
    std::string name = input;
    if (IsKafkaAddress(input)) {
      ASSIGN_OR_RETURN(const KafkaAddress address, ParseKafkaAddress(input));
      name = address.name();
      const auto [other, is_new] = topics_.emplace(name, address);
      if (!is_new && other->second.brokers != address.brokers) {
        return InvalidArgument(
            StrCat(input, ": two topics are named ", address.topic, ", of ",
                   BrokersOf(other->second), " and of ", BrokersOf(address),
                   ": a position knows topics by name; import them into two folders"));
      }
    }
    if (std::count(names.begin(), names.end(), name) > 0) {
      return InvalidArgument(StrCat(name, " is named twice: its rows would count twice"));
    }
    names.push_back(std::move(name));
  }
  if (topics_.empty() && !options_.kafka_config.empty()) {
    return InvalidArgument("--kafka-config is for topics, and no input is one (kafka://...)");
  }
  return names;
}

Result<std::unique_ptr<PortionSource>> FollowedInputs::Open(const FollowedSource& source) {
  const auto topic = topics_.find(source.name());
  if (topic != topics_.end()) return OpenTopic(topic->second);
  const bool is_folder = source.name() != kFollowedInput && files_.List(source.name()).ok();
  if (is_folder) return FollowFolder(files_, source.name());
  if (LooksAhead(schema_)) {
    return InvalidArgument(StrCat(
        options_.import.schema_name, ": format ", ImportSchema::Format_Name(schema_.format()),
        " is read from whole files: follow a directory in which they appear"));
  }
  return FollowText(files_, schema_, options_, source);
}

Result<std::unique_ptr<PortionSource>> FollowedInputs::OpenTopic(const KafkaAddress& address) {
  RETURN_IF_ERROR(CheckMessageSchema(schema_, options_.import.schema_name, address));
  KafkaReaderOptions reader = {.brokers = address.brokers, .topic = address.topic};
  if (!options_.kafka_config.empty()) {
    ASSIGN_OR_RETURN(reader.settings, ReadKafkaConfig(files_, options_.kafka_config));
  }
  ASSIGN_OR_RETURN(auto opened,
                   options_.open_topic ? options_.open_topic(reader) : OpenKafka(reader));
  return FollowMessages(std::move(opened), address, schema_, options_.seal_seconds);
}

}  // namespace chorus::worker
