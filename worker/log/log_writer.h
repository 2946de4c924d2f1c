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

// A block as bytes of the file, with the numbers that its index entry needs.
struct EncodedBlock {
  Status status;  // kInvalidArgument: no rows, or more than a block may hold; AddBlock returns it
  std::string bytes;  // empty when not ok
  uint32_t rows = 0;
  uint32_t contexts = 0;
  uint32_t clicks = 0;
  uint32_t conversions = 0;
  uint32_t unclicked_conversions = 0;
};

// Encodes and compresses one block. The same batch gives the same bytes. When the schema has no
// context columns, the batch's contexts are not looked at: such a block reads back as one context
// of no features. REQUIRES: the batch keeps what batch.h says, has the schema's columns, one-hot
// slots at most one key a row.
EncodedBlock EncodeBlock(const LogSchema& schema, const Batch& batch);

class LogWriter {
 public:
  virtual ~LogWriter() = default;
  static Result<std::unique_ptr<LogWriter>> Create(FileSystem& files, const std::string& path,
                                                   const LogSchema& schema);
  virtual Status AddBlock(const EncodedBlock& block) = 0;
  virtual Status Finish() = 0;  // footer, sync, rename into place
};

}  // namespace chorus::worker
