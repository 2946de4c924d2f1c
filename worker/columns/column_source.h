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
  // The rows from the first one on, of these columns (ascending) alone.
  virtual Status Begin(const std::vector<uint32_t>& columns) = 0;
  // Null behind the last.  REQUIRES: Begin.  Error: kDataLoss, the input is damaged.
  virtual Result<std::unique_ptr<ColumnBatch>> Next() = 0;
};

}  // namespace chorus::worker
