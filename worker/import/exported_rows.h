#pragma once
// How `chorus export-log` writes the exposures of a block, in one format or another. Thread safety:
// const methods from any thread.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

class ExportedRows {
 public:
  virtual ~ExportedRows() = default;
  virtual std::string Head() const = 0;  // before the first row
  // Appends exposure `row` of a block. Error: kInvalidArgument, the format cannot hold its row id.
  virtual Status AppendRow(const Batch& block, uint32_t row, std::string* out) const = 0;
};

// Where the bytes of an exported log go.
using TakeExportedBytes = std::function<Status(std::string_view)>;

// The same for formats that take whole blocks, column by column.
class ExportedBlocks {
 public:
  virtual ~ExportedBlocks() = default;
  virtual Status Add(const Batch& block) = 0;
  virtual Status Finish() = 0;  // after the last block
};

// Writes blocks row by row. Errors of Add name the row.
std::unique_ptr<ExportedBlocks> NewBlocksOfRows(std::unique_ptr<ExportedRows> rows,
                                                TakeExportedBytes take);
// Parquet, through Apache Arrow (worker/columns/arrow_writer.h); `schema` and header as below.
// Errors: those of OpenArrowFile.
Result<std::unique_ptr<ExportedBlocks>> NewExportedParquet(const LogSchema& schema,
                                                           const std::vector<std::string>& header,
                                                           TakeExportedBytes take);

// For both functions below `schema` outlives the rows, and `header` is that of ExportedColumnsOf
// for the same format.
// Lines of cells between tabs.
std::unique_ptr<ExportedRows> NewExportedLines(const LogSchema& schema,
                                               const std::vector<std::string>& header);
// TFRecord of tf.Example: integers for ids, labels, times and row ids that are no text; floats for
// values, weights and numbers; texts for the others.
std::unique_ptr<ExportedRows> NewExportedExamples(const LogSchema& schema,
                                                  const std::vector<std::string>& header);

// Nine digits tell every float from its neighbours, also when they are read as a double first.
void AppendExactFloat(float value, std::string* out);

}  // namespace chorus::worker
