#include "worker/columns/arrow_file.h"

#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/strings.h"
#include "worker/columns/arrow_library.h"

namespace chorus::worker {
namespace {

constexpr int32_t kBatchRows = 2048;

// The file as the library reads it; it keeps what went wrong, of which the library knows no more
// than that something did. Thread safety: any thread.
class Input {
 public:
  explicit Input(std::unique_ptr<RandomAccessFile> file) : file_(std::move(file)) {
    interface_ = {this, static_cast<int64_t>(file_->size()), &Read};
  }
  const ChorusArrowInput* interface() const { return &interface_; }

  // The first error of reading, or else what the library says.
  Status ErrorOr(std::string_view reason) {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(status_);
    return DataLoss(std::string(reason.empty() ? "Arrow gives no reason" : reason));
  }

 private:
  static int Read(void* context, int64_t offset, int64_t bytes, void* out) {
    auto* const self = static_cast<Input*>(context);
    Status status =
        self->file_->ReadAt(static_cast<uint64_t>(offset),
                            std::span(static_cast<std::byte*>(out), static_cast<size_t>(bytes)));
    if (status.ok()) return 0;
    MutexLock lock(self->mutex_);
    if (self->status_.ok()) self->status_ = std::move(status);
    return 1;
  }

  const std::unique_ptr<RandomAccessFile> file_;
  ChorusArrowInput interface_;
  Mutex mutex_;
  Status status_ GUARDED_BY(mutex_);
};

// Owns one of the C structs, which know how to release themselves.
template <typename T>
struct Owned {
  Owned() = default;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { Reset(); }
  void Reset() {
    if (raw.release != nullptr) raw.release(&raw);
    raw.release = nullptr;
  }
  T raw = {};
};

struct ArrowBatch final : ColumnBatch {
  ~ArrowBatch() override { columns.clear(); }
  Owned<ArrowArray> array;
};

class ArrowFile final : public ColumnSource {
 public:
  explicit ArrowFile(std::unique_ptr<RandomAccessFile> file) : input_(std::move(file)) {}

  Status Open(ChorusArrowOpenFunction* open, const ArrowFileOptions& options) {
    char reason[1024] = "";
    const int format =
        options.format == ArrowFormat::kParquet ? CHORUS_ARROW_PARQUET : CHORUS_ARROW_ORC;
    if (open(input_.interface(), format, static_cast<int32_t>(options.threads), &file_.raw, reason,
             sizeof(reason)) != 0) {
      return input_.ErrorOr(reason);
    }
    if (file_.raw.get_schema(&file_.raw, &schema_.raw) != 0) return ErrorOfFile();
    for (int64_t i = 0; i < schema_.raw.n_children; ++i) {
      const ArrowSchema& field = *schema_.raw.children[i];
      columns_.push_back({field.name == nullptr ? "" : field.name, TypeOfField(field)});
    }
    return Status::Ok();
  }

  const std::vector<TypedColumn>& columns() const override { return columns_; }
  uint64_t rows() const override { return static_cast<uint64_t>(file_.raw.rows); }

  Status Begin(const std::vector<uint32_t>& columns) override {
    stream_.Reset();
    read_.assign(columns.begin(), columns.end());
    next_row_ = 0;
    const std::vector<int32_t> places(columns.begin(), columns.end());
    const int got = file_.raw.get_stream(
        &file_.raw, places.data(), static_cast<int32_t>(places.size()), kBatchRows, &stream_.raw);
    return got == 0 ? Status::Ok() : ErrorOfFile();
  }

  Result<std::unique_ptr<ColumnBatch>> Next() override {
    while (true) {
      auto batch = std::make_unique<ArrowBatch>();
      ArrowArray& array = batch->array.raw;
      if (stream_.raw.get_next(&stream_.raw, &array) != 0) {
        return input_.ErrorOr(ReasonOf(stream_.raw.get_last_error(&stream_.raw)));
      }
      if (array.release == nullptr) return std::unique_ptr<ColumnBatch>();
      if (array.length == 0) continue;
      RETURN_IF_ERROR(TakeColumns(array, batch.get()));
      return std::unique_ptr<ColumnBatch>(std::move(batch));
    }
  }

 private:
  static std::string_view ReasonOf(const char* reason) {
    return reason == nullptr ? std::string_view() : reason;
  }
  Status ErrorOfFile() { return input_.ErrorOr(ReasonOf(file_.raw.get_last_error(&file_.raw))); }

  Status TakeColumns(const ArrowArray& array, ArrowBatch* batch) {
    if (array.n_children != static_cast<int64_t>(read_.size())) {
      return Internal(
          StrCat("Arrow gives ", array.n_children, " columns, asked for were ", read_.size()));
    }
    batch->first_row = next_row_;
    batch->rows = array.length;
    batch->columns.resize(columns_.size());
    for (size_t i = 0; i < read_.size(); ++i) {
      const ArrowSchema& field = *schema_.raw.children[read_[i]];
      batch->columns[read_[i]] = ValueColumn::Of(field, *array.children[i]);
    }
    next_row_ += static_cast<uint64_t>(array.length);
    return Status::Ok();
  }

  // In this order: a stream ends before its file, and that before its input.
  Input input_;
  Owned<ChorusArrowFile> file_;
  Owned<ArrowSchema> schema_;
  Owned<ArrowArrayStream> stream_;
  std::vector<TypedColumn> columns_;
  std::vector<uint32_t> read_;
  uint64_t next_row_ = 0;
};

}  // namespace

Result<std::unique_ptr<ColumnSource>> OpenArrowFile(std::unique_ptr<RandomAccessFile> file,
                                                    const ArrowFileOptions& options) {
  ASSIGN_OR_RETURN(const ArrowLibrary library, OpenArrowLibrary(options.library));
  auto source = std::make_unique<ArrowFile>(std::move(file));
  RETURN_IF_ERROR(source->Open(library.open, options));
  return std::unique_ptr<ColumnSource>(std::move(source));
}

}  // namespace chorus::worker
