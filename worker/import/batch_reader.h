#pragma once
// The batches of all inputs of typed columns, one input after the other, read ahead by a thread if
// one is asked for. Thread safety: none; one thread makes all calls.

#include <cstdint>
#include <memory>
#include <vector>

#include "common/status.h"
#include "worker/columns/column_source.h"
#include "worker/import/column_rows.h"

namespace chorus::worker {

class BatchReader {
 public:
  virtual ~BatchReader() = default;  // ends the thread
  // The next batch, null behind the last.  An error comes once all batches before it were given.
  virtual Result<std::shared_ptr<const ColumnBatch>> Next() = 0;
  virtual uint64_t empty_inputs() const = 0;  // among those that were read

  // first: inputs[0], open.  read: the columns that batches are to have.  All others must outlive
  // the reader.  Error: kResourceExhausted, the system does not give a thread.
  static Result<std::unique_ptr<BatchReader>> Create(const std::vector<ColumnInput>& inputs,
                                                     const std::vector<TypedColumn>& columns,
                                                     std::unique_ptr<ColumnSource> first,
                                                     std::vector<uint32_t> read, bool ahead);
};

}  // namespace chorus::worker
