#include <arrow/adapters/orc/adapter.h>
#include <arrow/memory_pool.h>

#include <string>
#include <utility>

#include "worker/arrow/file_reader.h"

namespace chorus::worker {
namespace {

class OrcReader final : public FileReader {
 public:
  arrow::Status Open(const ChorusArrowInput& input) {
    ARROW_ASSIGN_OR_RAISE(reader_, arrow::adapters::orc::ORCFileReader::Open(
                                       FileOf(input), arrow::default_memory_pool()));
    ARROW_ASSIGN_OR_RAISE(schema_, reader_->ReadSchema());
    return arrow::Status::OK();
  }

  int64_t rows() const override { return reader_->NumberOfRows(); }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Batches(const std::vector<int>& columns,
                                                                   int batch_rows) override {
    std::vector<std::string> names;
    for (const int column : columns) names.push_back(schema_->field(column)->name());
    return reader_->GetRecordBatchReader(batch_rows, names);
  }

 private:
  std::unique_ptr<arrow::adapters::orc::ORCFileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

arrow::Result<std::unique_ptr<FileReader>> OpenOrc(const ChorusArrowInput& input) {
  auto reader = std::make_unique<OrcReader>();
  ARROW_RETURN_NOT_OK(reader->Open(input));
  return std::unique_ptr<FileReader>(std::move(reader));
}

}  // namespace chorus::worker
