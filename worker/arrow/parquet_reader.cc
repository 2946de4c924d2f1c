#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <numeric>
#include <utility>

#include "worker/arrow/file_reader.h"

namespace chorus::worker {
namespace {

// Newer versions of Arrow return the batches; older ones write them to an argument.
template <typename Reader>
arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> BatchesOf(Reader& reader,
                                                                   const std::vector<int>& groups,
                                                                   const std::vector<int>& leaves) {
  std::unique_ptr<arrow::RecordBatchReader> batches;
  if constexpr (requires { reader.GetRecordBatchReader(groups, leaves); }) {
    ARROW_ASSIGN_OR_RAISE(batches, reader.GetRecordBatchReader(groups, leaves));
  } else {
    ARROW_RETURN_NOT_OK(reader.GetRecordBatchReader(groups, leaves, &batches));
  }
  return std::shared_ptr<arrow::RecordBatchReader>(std::move(batches));
}

class ParquetReader final : public FileReader {
 public:
  arrow::Status Open(const ChorusArrowInput& input, bool threads) {
    parquet::ReaderProperties properties;
    properties.set_page_checksum_verification(true);
    parquet::ArrowReaderProperties arrow_properties;
    arrow_properties.set_use_threads(threads);
    // The disk is near: what is read ahead would only take memory.
    arrow_properties.set_pre_buffer(false);
    // Nanoseconds, Spark's old timestamps, end in 2262.
    arrow_properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(FileOf(input), properties));
    builder.properties(arrow_properties);
    ARROW_RETURN_NOT_OK(builder.Build(&reader_));
    return reader_->GetSchema(&schema_);
  }

  int64_t rows() const override { return reader_->parquet_reader()->metadata()->num_rows(); }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Batches(const std::vector<int>& columns,
                                                                   int batch_rows) override {
    std::vector<int> groups(static_cast<size_t>(reader_->num_row_groups()));
    std::iota(groups.begin(), groups.end(), 0);
    std::vector<int> leaves;
    for (const int column : columns) {
      AppendLeaves(reader_->manifest().schema_fields[static_cast<size_t>(column)], &leaves);
    }
    reader_->set_batch_size(batch_rows);
    return BatchesOf(*reader_, groups, leaves);
  }

 private:
  // Lists and maps are several of Parquet's own columns.
  static void AppendLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* leaves) {
    if (field.is_leaf()) leaves->push_back(field.column_index);
    for (const auto& child : field.children) AppendLeaves(child, leaves);
  }

  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

arrow::Result<std::unique_ptr<FileReader>> OpenParquet(const ChorusArrowInput& input,
                                                       bool threads) {
  auto reader = std::make_unique<ParquetReader>();
  ARROW_RETURN_NOT_OK(reader->Open(input, threads));
  return std::unique_ptr<FileReader>(std::move(reader));
}

}  // namespace chorus::worker
