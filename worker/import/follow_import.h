#pragma once
// `chorus import --follow`: text that keeps coming becomes log files, each of which is written
// whole, one after the other. From a file that grows, a folder in which whole files appear, or a
// topic of Kafka, an import that was killed goes on where it was, without a lost or a doubled row
// (follow_position.h).
// Thread safety: one call per output.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/import/import.h"
#include "worker/messages/kafka_reader.h"

namespace chorus::worker {

struct FollowOptions {
  // Inputs: "-", files that grow, folders, topics (kafka_address.h). The output may be one that an
  // earlier call began, with these inputs or some of them, and with the same split.
  ImportOptions import;
  double seal_seconds = 60;  // the longest that a row waits until the file that has it is complete
  double idle_seconds = 0;   // inputs are over after this long without anything new; 0 = never
  std::function<bool()> stop = [] { return false; };  // true: seal what is complete, and end
  std::string kafka_config = {};  // for topics: a file of librdkafka's settings (kafka_config.h)
  // Opens topics; null: OpenKafka.
  std::function<Result<std::unique_ptr<MessageReader>>(const KafkaReaderOptions&)> open_topic = {};
};

struct FollowSummary {
  RowCounts rows;      // of this call
  uint64_t files = 0;  // that this call made
  uint64_t log_rows = 0, clicks = 0, conversions = 0;
  uint64_t all_rows = 0, all_files = 0;  // of all calls for the output
  bool stopped = false;                  // because `stop` said so
};

// Errors: those of ImportText; kInvalidArgument, the schema or an option needs all rows at once;
// kFailedPrecondition, the output is another input's, or the input is not what it was. After an
// error what was sealed stays, and the position says so.
Result<FollowSummary> FollowImport(FileSystem& files, const ImportSchema& schema,
                                   const FollowOptions& options);

// The summary as lines for a person.
std::string FormatFollowed(const FollowSummary& summary);

}  // namespace chorus::worker
