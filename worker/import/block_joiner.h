#pragma once
// Puts the rows of some blocks of logs, one after the other, into blocks of another size. Contexts
// stay shared: a context that goes on in the next block of a log becomes one again where both parts
// come into one block, as in an import of all rows at once. Thread safety: none.

#include <cstdint>
#include <functional>
#include <vector>

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

class BlockJoiner {
 public:
  using Write = std::function<Status(Batch block)>;
  // block_rows: the most exposures of a block. `schema` must outlive the joiner.
  BlockJoiner(const LogSchema& schema, uint64_t block_rows, Write write);

  // REQUIRES: the batch has the schema's columns. Error: that of `write`.
  Status Add(const Batch& block);
  Status Finish();  // writes what is left

 private:
  bool GoesOnWith(const Batch& block, uint32_t context) const;
  void AppendRows(const Batch& block, uint32_t begin, uint32_t end);
  Status Flush();
  void Clear();

  const LogSchema& schema_;
  const bool has_contexts_;
  const uint64_t block_rows_;
  const Write write_;
  Batch batch_;
  uint64_t ids_ = 0;                  // as BlockBuilder counts them
  std::vector<uint32_t> context_in_;  // [context of the block that is added]: its number in batch_
};

}  // namespace chorus::worker
