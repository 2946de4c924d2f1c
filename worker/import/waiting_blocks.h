#pragma once
// Blocks that wait until the means and deviations of their numerics are known, in the order of Add:
// encoded except for these (worker/log/waiting_block.h), in memory up to a limit, and then in a
// temporary file. So an import that learns means reads its inputs once.
// Thread safety: one thread makes all calls; threads of its own encode.

#include <cstdint>
#include <memory>
#include <string>

#include "common/file.h"
#include "common/status.h"
#include "worker/import/column_plan.h"
#include "worker/import/log_output.h"
#include "worker/log/batch.h"
#include "worker/log/waiting_block.h"

namespace chorus::worker {

struct WaitingBlocksOptions {
  std::string path = {};      // of the temporary file, which is made when memory is full
  uint64_t memory_bytes = 0;  // of the blocks in memory
  uint32_t threads = 1;
};

class WaitingBlocks {
 public:
  virtual ~WaitingBlocks() = default;  // ends the threads
  // The plan must outlive the blocks.
  static std::unique_ptr<WaitingBlocks> Create(FileSystem& files, const ColumnPlan& plan,
                                               const WaitingBlocksOptions& options);
  // Adds a block of a part, as BlockBuilder::TakeRaw gives it. Errors: as LogOutput::Add; those of
  // the file.
  virtual Status Add(uint32_t part, Batch batch, RawNumerics raw) = 0;
  // Hands all blocks to `output`, whose threads complete them, and whose log has `schema`:
  // plan.schema with what was learnt. The blocks must stay until the output is finished.
  virtual Status GiveTo(LogOutput* output, const LogSchema& schema) = 0;
  // Removes the temporary file, if there is one. REQUIRES: no block is asked for any more.
  virtual Status RemoveFile() = 0;
  virtual uint64_t bytes_in_file() const = 0;
};

}  // namespace chorus::worker
