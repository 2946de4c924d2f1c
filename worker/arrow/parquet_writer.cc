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
    if (stopped_) return arrow::Status::IOError("nothing is written behind a failure");
    written_ += bytes;
    if (bytes == 0 || output_.write(output_.context, data, bytes) == 0) return arrow::Status::OK();
    stopped_ = true;
    return arrow::Status::IOError("writing failed");
  }
  // From now on nothing reaches the program. Parquet's writer ends its file when it is destroyed,
  // and what a reader gets of a file that nobody finished must not look whole.
  void Stop() { stopped_ = true; }

 private:
  const ChorusArrowOutput output_;
  int64_t written_ = 0;
  bool closed_ = false;
  bool stopped_ = false;
};

template <typename Builder>
void VerifyPages(Builder& builder) {
  if constexpr (requires { builder.enable_page_checksum(); }) builder.enable_page_checksum();
}

struct ParquetWriter {
  ParquetWriter() = default;
  ParquetWriter(const ParquetWriter&) = delete;
  ParquetWriter& operator=(const ParquetWriter&) = delete;
  ~ParquetWriter() {
    if (output != nullptr) output->Stop();
  }

  std::shared_ptr<ProgramOutput> output;
  std::unique_ptr<parquet::arrow::FileWriter> file;
  std::shared_ptr<arrow::Schema> schema;
  int64_t group_bytes = 0;  // of the row group that is being written
  bool ended = false;       // by Finish, or by an error
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
  arrow::Status Finish() {
    ARROW_RETURN_NOT_OK(file->Close());
    ended = true;
    return arrow::Status::OK();
  }
};

ParquetWriter& Of(ChorusArrowWriter* writer) {
  return *static_cast<ParquetWriter*>(writer->private_data);
}

template <typename Work>
int AnswerOf(ChorusArrowWriter* writer, const Work& work) {
  ParquetWriter& of = Of(writer);
  const arrow::Status status =
      of.ended ? arrow::Status::Invalid("the file has ended already") : Guarded(work);
  if (status.ok()) return 0;
  of.ended = true;
  of.output->Stop();
  of.error = status.message();
  return CodeOf(status);
}

int WriteRows(ChorusArrowWriter* writer, ArrowArray* rows) {
  const int code = AnswerOf(writer, [&] { return Of(writer).Write(rows); });
  if (rows->release != nullptr) rows->release(rows);  // they were refused
  return code;
}
int FinishFile(ChorusArrowWriter* writer) {
  return AnswerOf(writer, [&] { return Of(writer).Finish(); });
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
  writer->output = std::make_shared<ProgramOutput>(output);
  ARROW_ASSIGN_OR_RAISE(
      writer->file, parquet::arrow::FileWriter::Open(*writer->schema, arrow::default_memory_pool(),
                                                     writer->output, properties.build()));
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
