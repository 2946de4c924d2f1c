#pragma once
// What libchorus_kafka.so (worker/kafka) and the program say to each other: C functions and
// structs, so that the library may be built by another compiler. Nothing throws. Thread safety:
// none, except that threads of the library call `log` of ChorusKafkaOpenFunction.

#include <cstddef>
#include <cstdint>

extern "C" {

// What functions return.
enum ChorusKafkaAnswer {
  CHORUS_KAFKA_OK = 0,
  CHORUS_KAFKA_UNREACHABLE = 1,  // no broker answers now; a retry may succeed
  CHORUS_KAFKA_NO_TOPIC = 2,     // the brokers have no such topic
  CHORUS_KAFKA_REFUSED = 3,      // the same call will fail again
};

struct ChorusKafkaSetting {
  const char* key;
  const char* value;
};

enum ChorusKafkaKind {
  CHORUS_KAFKA_NOTHING = 0,       // nothing came in time
  CHORUS_KAFKA_MESSAGE = 1,       // all fields are of a message
  CHORUS_KAFKA_END = 2,           // all messages of `partition` were given
  CHORUS_KAFKA_OUT_OF_RANGE = 3,  // `partition` does not have the offset that comes next
  CHORUS_KAFKA_TROUBLE = 4,       // `partition` gives nothing now, and `bytes` says why
};

struct ChorusKafkaEvent {
  int32_t kind;
  int32_t partition;
  int64_t offset;
  int64_t timestamp;  // milliseconds since 1970; -1: the message has none
  const char* bytes;  // of the value, or a text, until the next call; null: there is none
  size_t size;
};

// A topic, filled by ChorusKafkaOpen.
struct ChorusKafkaTopic {
  // Counts the partitions of the topic, which are numbered from 0.
  int (*count_partitions)(struct ChorusKafkaTopic*, int32_t wait_ms, int32_t* count);
  // Finds the first offset that a partition has, and the one behind its last.
  int (*get_range)(struct ChorusKafkaTopic*, int32_t partition, int32_t wait_ms, int64_t* first,
                   int64_t* end);
  // From now on `next` gives messages of the partition from `offset` on, whatever it gave before.
  int (*read)(struct ChorusKafkaTopic*, int32_t partition, int64_t offset);
  // Waits up to wait_ms for the next event of any partition.
  int (*next)(struct ChorusKafkaTopic*, int32_t wait_ms, struct ChorusKafkaEvent* event);
  const char* (*get_last_error)(struct ChorusKafkaTopic*);
  void (*release)(struct ChorusKafkaTopic*);
  void* private_data;
};

// Connects nowhere yet. refused: the place of the setting that is wrong, or -1. error: gets the
// reason of a failure, ended by 0, which never shows the value of a setting. log: for warnings of
// the library, until the topic is released.
typedef int ChorusKafkaOpenFunction(const char* topic, const struct ChorusKafkaSetting* settings,
                                    int32_t count, void (*log)(const char* text),
                                    struct ChorusKafkaTopic* out, int32_t* refused, char* error,
                                    size_t error_bytes);

}  // extern "C"

namespace chorus::worker {

// The library exports these: the kKafkaInterface (kafka_fingerprint.h) that it was built with, a
// string that ends with 0, and a ChorusKafkaOpenFunction.
inline constexpr char kKafkaInterfaceSymbol[] = "ChorusKafkaInterface";
inline constexpr char kKafkaOpenSymbol[] = "ChorusKafkaOpen";

}  // namespace chorus::worker
