#pragma once
// Writes one log file (README.md beside this file gives the format). The file appears under its
// name only when Finish succeeds. Thread safety: one thread; EncodeBlock may be called by many.

#include <cstdint>
#include <memory>
#include <string>

#include "common/file.h"
#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// The bytes of a block, with the numbers of its index entry.
struct EncodedBlock {
  // kInvalidArgument: the block has no rows, or more than a block may hold. AddBlock returns it.
  Status status;
  std::string bytes;  // empty unless status is ok
  uint32_t rows = 0;
  uint32_t contexts = 0;
  uint32_t clicks = 0;
  uint32_t conversions = 0;
  uint32_t unclicked_conversions = 0;
};

// Encodes and compresses one block. The same batch gives the same bytes. When the schema has no
// context columns, the batch's contexts are ignored: such a block reads back with one context,
// which has no features. REQUIRES: the batch is as batch.h says and has the schema's columns;
// one-hot slots have at most one key per row.
EncodedBlock EncodeBlock(const LogSchema& schema, const Batch& batch);

class LogWriter {
 public:
  virtual ~LogWriter() = default;
  static Result<std::unique_ptr<LogWriter>> Create(FileSystem& files, const std::string& path,
                                                   const LogSchema& schema);
  virtual Status AddBlock(const EncodedBlock& block) = 0;
  virtual Status Finish() = 0;  // writes the index, syncs, renames into place
};

}  // namespace chorus::worker
