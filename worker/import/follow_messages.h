#pragma once
// A topic of messages as an input that is followed (follow_portions.h): the rows of all its
// partitions, in the order in which they come. The position has the offset of each partition; no
// broker keeps one. Thread safety: none.

#include <memory>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/import/follow_import.h"
#include "worker/import/follow_portions.h"
#include "worker/import/kafka_address.h"
#include "worker/messages/message_reader.h"

namespace chorus::worker {

// Errors of the source: kFailedPrecondition, messages were deleted before they were read, or the
// topic is another one than it was; kDeadlineExceeded, no broker answered for
// address.wait_seconds, or for as long nothing came from a partition that is not at its end.
// REQUIRES: CheckMessageSchema (message_schema.h).
std::unique_ptr<PortionSource> FollowMessages(std::unique_ptr<MessageReader> reader,
                                              const KafkaAddress& address,
                                              const ImportSchema& schema, double seal_seconds);

}  // namespace chorus::worker
