#pragma once
// The rows of one input as typed columns, batch by batch.
// Thread safety: none; one thread at a time.

#include <cstdint>
#include <memory>
#include <vector>

#include "common/status.h"
#include "worker/columns/column.h"
#include "worker/columns/column_type.h"

namespace chorus::worker {

class ColumnSource {
 public:
  virtual ~ColumnSource() = default;
  virtual const std::vector<TypedColumn>& columns() const = 0;
  virtual uint64_t rows() const = 0;
  // Begins to read at the first row, of these columns (places in columns(), ascending) alone.
  virtual Status Begin(const std::vector<uint32_t>& columns) = 0;
  // The next batch; null after the last one.  REQUIRES: Begin.  Error: kDataLoss, the input is
  // damaged.
  virtual Result<std::unique_ptr<ColumnBatch>> Next() = 0;
};

}  // namespace chorus::worker
