#include "worker/messages/kafka_reader.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "common/log.h"
#include "common/shared_library.h"
#include "common/strings.h"
#include "worker/messages/kafka_fingerprint.h"
#include "worker/messages/kafka_interface.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kLibraryRemedy =
    "topics of Kafka are read through librdkafka: install its package (librdkafka-dev) and build "
    "Chorus again where CMake finds it (-DCHORUS_KAFKA=ON says what it misses), or give the "
    "messages to standard input (kcat -C ... | chorus import --follow ... -), which remembers no "
    "offsets";

constexpr std::string_view kBrokersKeys[] = {"bootstrap.servers", "metadata.broker.list"};

struct KafkaLibrary {
  ChorusKafkaOpenFunction* open;
};

Result<KafkaLibrary> OpenKafkaLibrary(const std::string& name) {
  const Result<void*> library = OpenSharedLibrary(name);
  if (library.status().code() == Code::kNotFound) {
    return NotFound(StrCat(kLibraryRemedy, " (", library.status().message(), ")"));
  }
  RETURN_IF_ERROR(library.status());
  ASSIGN_OR_RETURN(void* const function, FindFunction(*library, name,
                                                      {.what = "library",
                                                       .interface_symbol = kKafkaInterfaceSymbol,
                                                       .interface = kKafkaInterface,
                                                       .function_symbol = kKafkaOpenSymbol}));
  return KafkaLibrary{reinterpret_cast<ChorusKafkaOpenFunction*>(function)};
}

int32_t Milliseconds(double seconds) {
  return static_cast<int32_t>(std::ceil(std::clamp(seconds, 0.0, 1e6) * 1000));
}

void LogOfLibrary(const char* text) { LogWarning("Kafka: ", text); }

class KafkaReader final : public MessageReader {
 public:
  KafkaReader() = default;
  KafkaReader(const KafkaReader&) = delete;
  KafkaReader& operator=(const KafkaReader&) = delete;
  ~KafkaReader() override {
    if (topic_.release != nullptr) topic_.release(&topic_);
  }

  Status Open(ChorusKafkaOpenFunction* open, const std::string& topic,
              const std::vector<KafkaSetting>& settings) {
    std::vector<ChorusKafkaSetting> raw;
    for (const KafkaSetting& setting : settings) {
      raw.push_back({setting.key.c_str(), setting.value.c_str()});
    }
    char reason[1024] = "";
    int32_t refused = -1;
    if (open(topic.c_str(), raw.data(), static_cast<int32_t>(raw.size()), &LogOfLibrary, &topic_,
             &refused, reason, sizeof(reason)) == CHORUS_KAFKA_OK) {
      return Status::Ok();
    }
    if (refused < 0) return InvalidArgument(reason);
    // The message tells the place of the setting, and not its value, which may be a secret.
    const KafkaSetting& setting = settings[static_cast<size_t>(refused)];
    return InvalidArgument(StrCat(setting.place, setting.place.empty() ? "" : ": ", reason));
  }

  Result<uint32_t> CountPartitions(double seconds) override {
    int32_t count = 0;
    RETURN_IF_ERROR(Answer(topic_.count_partitions(&topic_, Milliseconds(seconds), &count)));
    return static_cast<uint32_t>(count);
  }

  Result<OffsetRange> RangeOf(uint32_t partition, double seconds) override {
    int64_t first = 0, end = 0;
    RETURN_IF_ERROR(Answer(topic_.get_range(&topic_, static_cast<int32_t>(partition),
                                            Milliseconds(seconds), &first, &end)));
    return OffsetRange{static_cast<uint64_t>(std::max<int64_t>(first, 0)),
                       static_cast<uint64_t>(std::max<int64_t>(end, 0))};
  }

  Status Read(uint32_t partition, uint64_t offset) override {
    return Answer(
        topic_.read(&topic_, static_cast<int32_t>(partition), static_cast<int64_t>(offset)));
  }

  Result<MessageEvent> Next(double seconds) override {
    ChorusKafkaEvent raw = {};
    RETURN_IF_ERROR(Answer(topic_.next(&topic_, Milliseconds(seconds), &raw)));
    MessageEvent event;
    event.kind = raw.kind == CHORUS_KAFKA_MESSAGE        ? MessageEvent::Kind::kMessage
                 : raw.kind == CHORUS_KAFKA_END          ? MessageEvent::Kind::kEnd
                 : raw.kind == CHORUS_KAFKA_OUT_OF_RANGE ? MessageEvent::Kind::kOutOfRange
                 : raw.kind == CHORUS_KAFKA_TROUBLE      ? MessageEvent::Kind::kTrouble
                                                         : MessageEvent::Kind::kNothing;
    event.message = {.partition = static_cast<uint32_t>(raw.partition),
                     .offset = static_cast<uint64_t>(std::max<int64_t>(raw.offset, 0)),
                     .timestamp = raw.timestamp};
    if (raw.bytes != nullptr) event.message.bytes = std::string_view(raw.bytes, raw.size);
    return event;
  }

 private:
  Status Answer(int answer) {
    if (answer == CHORUS_KAFKA_OK) return Status::Ok();
    const std::string reason = topic_.get_last_error(&topic_);
    if (answer == CHORUS_KAFKA_UNREACHABLE) return Unavailable(reason);
    if (answer == CHORUS_KAFKA_NO_TOPIC) return NotFound(reason);
    return FailedPrecondition(reason);
  }

  ChorusKafkaTopic topic_ = {};
};

// What an import sets itself (worker/kafka/kafka_open.cc) is not taken silently from a file.
Status CheckOurs(const std::vector<KafkaSetting>& settings) {
  constexpr std::string_view kOffsets = "the position in the output folder has the offsets";
  const struct {
    std::string_view key, value, why;
  } ours[] = {
      {"auto.offset.reset", "error", "start= of the input says where partitions begin"},
      {"enable.partition.eof", "true", "the ends of partitions have to be told"},
      {"enable.auto.commit", "false", kOffsets},
      {"enable.auto.offset.store", "false", kOffsets},
  };
  for (const KafkaSetting& setting : settings) {
    for (const auto& [key, value, why] : ours) {
      if (setting.key != key || setting.value == value) continue;
      return InvalidArgument(StrCat(setting.place, setting.place.empty() ? "" : ": ", key,
                                    " is always ", value, " in an import: ", why,
                                    "; leave the line out"));
    }
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<MessageReader>> OpenKafka(const KafkaReaderOptions& options) {
  std::vector<KafkaSetting> settings = options.settings;
  if (options.brokers.empty()) {
    const bool has_brokers =
        std::any_of(settings.begin(), settings.end(), [](const KafkaSetting& setting) {
          return std::count(std::begin(kBrokersKeys), std::end(kBrokersKeys), setting.key) > 0;
        });
    if (!has_brokers) {
      return InvalidArgument(
          "no brokers: name them in the input (kafka://host:9092/topic), or as bootstrap.servers "
          "in the file of --kafka-config");
    }
  } else {
    // Behind those of the file: librdkafka takes the last value of a setting.
    settings.push_back({"bootstrap.servers", options.brokers});
  }
  RETURN_IF_ERROR(CheckOurs(options.settings));
  ASSIGN_OR_RETURN(const KafkaLibrary library, OpenKafkaLibrary(options.library));
  auto reader = std::make_unique<KafkaReader>();
  RETURN_IF_ERROR(reader->Open(library.open, options.topic, settings));
  return std::unique_ptr<MessageReader>(std::move(reader));
}

}  // namespace chorus::worker
