#include "worker/columns/arrow_writer.h"

#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "worker/columns/arrow_library.h"

namespace chorus::worker {
namespace {

class ParquetFile final : public ArrowFileWriter {
 public:
  explicit ParquetFile(TakeBytes take) : take_(std::move(take)) {}
  ParquetFile(const ParquetFile&) = delete;
  ParquetFile& operator=(const ParquetFile&) = delete;
  ~ParquetFile() override {
    if (writer_.release != nullptr) writer_.release(&writer_);
  }

  Status Open(const ArrowLibrary& library, std::vector<MadeColumn>* columns) {
    const ChorusArrowOutput output = {this, &Take};
    MadeColumns made(columns);
    ArrowSchema schema = {};
    made.Describe(&schema);
    char reason[1024] = "";
    const int code = library.open_writer(&output, &schema, &writer_, reason, sizeof(reason));
    return code == 0 ? Status::Ok() : ErrorOr(reason);
  }

  Status Write(std::vector<MadeColumn>* columns) override {
    const int64_t rows = columns->empty() ? 0 : columns->front().rows();
    for (const MadeColumn& column : *columns) CHECK(column.rows() == rows, column.name());
    MadeColumns made(columns);
    ArrowArray array = {};
    made.View(rows, &array);
    const int code = writer_.write(&writer_, &array);
    return code == 0 ? Status::Ok() : ErrorOr(writer_.get_last_error(&writer_));
  }

  Status Finish() override {
    const int code = writer_.finish(&writer_);
    return code == 0 ? Status::Ok() : ErrorOr(writer_.get_last_error(&writer_));
  }

 private:
  static int Take(void* context, const void* data, int64_t bytes) {
    auto* const self = static_cast<ParquetFile*>(context);
    Status status = self->take_({static_cast<const char*>(data), static_cast<size_t>(bytes)});
    if (status.ok()) return 0;
    if (self->status_.ok()) self->status_ = std::move(status);
    return 1;
  }
  Status ErrorOr(const char* reason) const {
    RETURN_IF_ERROR(status_);
    return Internal(StrCat("Parquet: ", reason));
  }

  const TakeBytes take_;
  Status status_;  // of take_
  ChorusArrowWriter writer_ = {};
};

}  // namespace

Result<std::unique_ptr<ArrowFileWriter>> ArrowFileWriter::Open(std::vector<MadeColumn>* columns,
                                                               TakeBytes take,
                                                               const std::string& library) {
  ASSIGN_OR_RETURN(const ArrowLibrary opened, OpenArrowLibrary(library));
  auto file = std::make_unique<ParquetFile>(std::move(take));
  RETURN_IF_ERROR(file->Open(opened, columns));
  return std::unique_ptr<ArrowFileWriter>(std::move(file));
}

}  // namespace chorus::worker
