#pragma once
// The inputs of an import that follows them, by their names in the position: which there are, and
// what reads each. Thread safety: none.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/import/follow_import.h"
#include "worker/import/follow_portions.h"
#include "worker/import/follow_position.pb.h"
#include "worker/import/kafka_address.h"

namespace chorus::worker {

class FollowedInputs {
 public:
  // All outlive this.
  FollowedInputs(FileSystem& files, const ImportSchema& schema, const FollowOptions& options)
      : files_(files), schema_(schema), options_(options) {}

  // The names of options.import.inputs, as a position has them: that of a topic is without its
  // brokers, which may move.  Error: kInvalidArgument, an address is none, or one is named twice.
  Result<std::vector<std::string>> Names();
  // Opens the source of an input that Names has named.
  Result<std::unique_ptr<PortionSource>> Open(const FollowedSource& source);

 private:
  Result<std::unique_ptr<PortionSource>> OpenTopic(const KafkaAddress& address);

  FileSystem& files_;
  const ImportSchema& schema_;
  const FollowOptions& options_;
  std::map<std::string, KafkaAddress> topics_;  // by name
};

}  // namespace chorus::worker
