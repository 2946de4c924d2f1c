// libchorus_arrow.so: ChorusArrowOpenWriter, Parquet row group by row group.
#include <arrow/array.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/compression.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <memory>
#include <string>
#include <utility>

#include "worker/arrow/guarded.h"
#include "worker/columns/arrow_interface.h"

namespace chorus::worker {
namespace {

// Of rows as they come, before they are encoded: a row group's memory, on this side and that of
// whoever reads it.
constexpr int64_t kRowGroupBytes = int64_t{128} << 20;

class ProgramOutput final : public arrow::io::OutputStream {
 public:
  explicit ProgramOutput(const ChorusArrowOutput& output) : output_(output) {
    set_mode(arrow::io::FileMode::WRITE);
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return written_; }
  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, int64_t bytes) override {
    written_ += bytes;
    if (bytes == 0 || output_.write(output_.context, data, bytes) == 0) return arrow::Status::OK();
    return arrow::Status::IOError("writing failed");
  }

 private:
  const ChorusArrowOutput output_;
  int64_t written_ = 0;
  bool closed_ = false;
};

template <typename Builder>
void VerifyPages(Builder& builder) {
  if constexpr (requires { builder.enable_page_checksum(); }) builder.enable_page_checksum();
}

struct ParquetWriter {
  std::unique_ptr<parquet::arrow::FileWriter> file;
  std::shared_ptr<arrow::Schema> schema;
  int64_t group_bytes = 0;  // of the row group that is being written
  std::string error;

  arrow::Status Write(ArrowArray* rows) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, arrow::ImportRecordBatch(rows, schema));
    if (group_bytes >= kRowGroupBytes) {
      ARROW_RETURN_NOT_OK(file->NewBufferedRowGroup());
      group_bytes = 0;
    }
    group_bytes += arrow::util::TotalBufferSize(*batch);
    return file->WriteRecordBatch(*batch);
  }
};

ParquetWriter& Of(ChorusArrowWriter* writer) {
  return *static_cast<ParquetWriter*>(writer->private_data);
}

template <typename Work>
int AnswerOf(ChorusArrowWriter* writer, const Work& work) {
  const arrow::Status status = Guarded(work);
  if (!status.ok()) Of(writer).error = status.message();
  return CodeOf(status);
}

int WriteRows(ChorusArrowWriter* writer, ArrowArray* rows) {
  return AnswerOf(writer, [&] { return Of(writer).Write(rows); });
}
int FinishFile(ChorusArrowWriter* writer) {
  return AnswerOf(writer, [&] { return Of(writer).file->Close(); });
}
const char* GetWriterError(ChorusArrowWriter* writer) { return Of(writer).error.c_str(); }
void ReleaseWriter(ChorusArrowWriter* writer) {
  delete &Of(writer);
  *writer = {};
}

arrow::Status OpenWriter(const ChorusArrowOutput& output, ArrowSchema* schema,
                         ChorusArrowWriter* out) {
  auto writer = std::make_unique<ParquetWriter>();
  ARROW_ASSIGN_OR_RAISE(writer->schema, arrow::ImportSchema(schema));
  parquet::WriterProperties::Builder properties;
  VerifyPages(properties);
  for (const auto packing : {arrow::Compression::ZSTD, arrow::Compression::SNAPPY}) {
    if (!arrow::util::Codec::IsAvailable(packing)) continue;
    properties.compression(packing);
    break;
  }
  ARROW_ASSIGN_OR_RAISE(
      writer->file, parquet::arrow::FileWriter::Open(*writer->schema, arrow::default_memory_pool(),
                                                     std::make_shared<ProgramOutput>(output),
                                                     properties.build()));
  *out = {&WriteRows, &FinishFile, &GetWriterError, &ReleaseWriter, writer.release()};
  return arrow::Status::OK();
}

}  // namespace
}  // namespace chorus::worker

extern "C" {

#define CHORUS_EXPORT __attribute__((visibility("default")))

CHORUS_EXPORT int ChorusArrowOpenWriter(const ChorusArrowOutput* output, ArrowSchema* schema,
                                        ChorusArrowWriter* out, char* error, size_t error_bytes) {
  return chorus::worker::AnswerTo([&] { return chorus::worker::OpenWriter(*output, schema, out); },
                                  error, error_bytes);
}

}  // extern "C"
