#pragma once
// A file as Arrow's readers see it: what Parquet and ORC have in common. Thread safety: none.

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "worker/columns/arrow_interface.h"

namespace chorus::worker {

class FileReader {
 public:
  virtual ~FileReader() = default;
  virtual int64_t rows() const = 0;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  // Reads the rows of some columns (places in the schema, ascending) from the first row on, in
  // batches of at most `batch_rows`.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Batches(
      const std::vector<int>& columns, int batch_rows) = 0;
};

// `input` must outlive the file.
std::shared_ptr<arrow::io::RandomAccessFile> FileOf(const ChorusArrowInput& input);

// `input` must outlive the reader. threads: whether Arrow's pool of threads decodes columns.
arrow::Result<std::unique_ptr<FileReader>> OpenParquet(const ChorusArrowInput& input, bool threads);
arrow::Result<std::unique_ptr<FileReader>> OpenOrc(const ChorusArrowInput& input);

}  // namespace chorus::worker
