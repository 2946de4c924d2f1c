// libchorus_kafka.so: ChorusKafkaOpen (worker/messages/kafka_interface.h) over librdkafka.
#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "worker/kafka/topic_reader.h"
#include "worker/messages/kafka_fingerprint.h"
#include "worker/messages/kafka_interface.h"

namespace chorus::worker {
namespace {

// What a ChorusKafkaTopic owns; librdkafka's opaque.
struct OpenTopic {
  void (*log)(const char* text) = nullptr;
  TopicReader reader;
};

TopicReader& Of(ChorusKafkaTopic* topic) {
  return static_cast<OpenTopic*>(topic->private_data)->reader;
}

// Only for lack of memory may anything be thrown.
template <typename Work>
int Guarded(TopicReader& reader, const Work& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return reader.Refuse(error.what());
  }
}

int CountPartitions(ChorusKafkaTopic* topic, int32_t wait_ms, int32_t* count) {
  return Guarded(Of(topic), [&] { return Of(topic).CountPartitions(wait_ms, count); });
}
int GetRange(ChorusKafkaTopic* topic, int32_t partition, int32_t wait_ms, int64_t* first,
             int64_t* end) {
  return Guarded(Of(topic), [&] { return Of(topic).GetRange(partition, wait_ms, first, end); });
}
int Read(ChorusKafkaTopic* topic, int32_t partition, int64_t offset) {
  return Guarded(Of(topic), [&] { return Of(topic).Read(partition, offset); });
}
int Next(ChorusKafkaTopic* topic, int32_t wait_ms, ChorusKafkaEvent* event) {
  return Guarded(Of(topic), [&] { return Of(topic).Next(wait_ms, event); });
}
const char* GetLastError(ChorusKafkaTopic* topic) { return Of(topic).last_error().c_str(); }
void Release(ChorusKafkaTopic* topic) {
  delete static_cast<OpenTopic*>(topic->private_data);
  *topic = {};
}

// On threads of librdkafka.
void Log(const rd_kafka_t* client, int level, const char* /*facility*/, const char* text) {
  constexpr int kLeastLevel = 4;  // of syslog: a warning
  if (level <= kLeastLevel) static_cast<OpenTopic*>(rd_kafka_opaque(client))->log(text);
}

// On the thread that calls rd_kafka_poll.
void TakeError(rd_kafka_t* /*client*/, int error, const char* reason, void* opaque) {
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;  // why, was said before
  static_cast<OpenTopic*>(opaque)->reader.SetReason(reason);
}

struct ConfigDeleter {
  void operator()(rd_kafka_conf_t* config) const { rd_kafka_conf_destroy(config); }
};
using Config = std::unique_ptr<rd_kafka_conf_t, ConfigDeleter>;

bool Set(rd_kafka_conf_t* config, const char* key, const char* value, std::string* error) {
  char reason[512] = "";
  switch (rd_kafka_conf_set(config, key, value, reason, sizeof(reason))) {
    case RD_KAFKA_CONF_OK:
      return true;
    case RD_KAFKA_CONF_UNKNOWN:
      *error = reason;
      return false;
    case RD_KAFKA_CONF_INVALID:
      break;
  }
  // The reason may show the value.
  *error =
      std::string("librdkafka does not take this value for ") + key + ", or was built without it";
  return false;
}

bool BelongsToGroups(std::string_view key) {
  return key == "group.id" || key == "group.instance.id";
}

int Open(const char* name, const ChorusKafkaSetting* settings, int32_t count,
         std::unique_ptr<OpenTopic> topic, ChorusKafkaTopic* out, int32_t* refused,
         std::string* error) {
  const Config config(rd_kafka_conf_new());
  for (int32_t i = 0; i < count; ++i) {
    if (BelongsToGroups(settings[i].key)) continue;  // offsets are the caller's
    if (Set(config.get(), settings[i].key, settings[i].value, error)) continue;
    *refused = i;
    return CHORUS_KAFKA_REFUSED;
  }
  const ChorusKafkaSetting ours[] = {{"enable.auto.commit", "false"},
                                     {"enable.auto.offset.store", "false"},
                                     {"enable.partition.eof", "true"},
                                     {"auto.offset.reset", "error"}};
  for (const ChorusKafkaSetting& setting : ours) {
    if (!Set(config.get(), setting.key, setting.value, error)) return CHORUS_KAFKA_REFUSED;
  }
  rd_kafka_conf_set_opaque(config.get(), topic.get());
  rd_kafka_conf_set_log_cb(config.get(), &Log);
  rd_kafka_conf_set_error_cb(config.get(), &TakeError);
  char reason[512] = "";
  rd_kafka_conf_t* const copy = rd_kafka_conf_dup(config.get());
  rd_kafka_t* const client = rd_kafka_new(RD_KAFKA_CONSUMER, copy, reason, sizeof(reason));
  if (client == nullptr) {
    rd_kafka_conf_destroy(copy);
    *error = reason;
    return CHORUS_KAFKA_REFUSED;
  }
  const int opened = topic->reader.Open(client, name);
  if (opened != CHORUS_KAFKA_OK) {
    *error = topic->reader.last_error();
    return opened;
  }
  *out = {&CountPartitions, &GetRange, &Read, &Next, &GetLastError, &Release, topic.release()};
  return CHORUS_KAFKA_OK;
}

}  // namespace
}  // namespace chorus::worker

extern "C" {

#define CHORUS_EXPORT __attribute__((visibility("default")))

extern CHORUS_EXPORT const char* const ChorusKafkaInterface;
const char* const ChorusKafkaInterface = chorus::kKafkaInterface;

CHORUS_EXPORT int ChorusKafkaOpen(const char* topic, const ChorusKafkaSetting* settings,
                                  int32_t count, void (*log)(const char* text),
                                  ChorusKafkaTopic* out, int32_t* refused, char* error,
                                  size_t error_bytes) {
  *refused = -1;
  std::string reason;
  int opened = CHORUS_KAFKA_REFUSED;
  try {
    auto made = std::make_unique<chorus::worker::OpenTopic>();
    made->log = log;
    opened = chorus::worker::Open(topic, settings, count, std::move(made), out, refused, &reason);
  } catch (const std::exception& thrown) {
    std::snprintf(error, error_bytes, "%s", thrown.what());
    return CHORUS_KAFKA_REFUSED;
  }
  if (opened != CHORUS_KAFKA_OK) std::snprintf(error, error_bytes, "%s", reason.c_str());
  return opened;
}

}  // extern "C"
