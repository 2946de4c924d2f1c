#pragma once
// A source that a thread of its own reads ahead ("unpack"), so that packed text is unpacked while
// its rows are parsed. Thread safety: none; one thread reads a source.

#include <memory>

#include "common/status.h"
#include "worker/import/byte_source.h"

namespace chorus::worker {

// Gives the bytes of `source`, some blocks of them ahead, and then its error. REQUIRES: its reads
// end by themselves, as those of a file do and those of a pipe do not: whoever gives the source up
// waits for the read that goes on. Error: kResourceExhausted, the system does not give a thread.
Result<std::unique_ptr<ByteSource>> ReadAhead(std::unique_ptr<ByteSource> source);

}  // namespace chorus::worker
