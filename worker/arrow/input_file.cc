// The program's file as one of Arrow's.
#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>

#include <algorithm>

#include "worker/arrow/file_reader.h"

namespace chorus::worker {
namespace {

class InputFile final : public arrow::io::RandomAccessFile {
 public:
  explicit InputFile(const ChorusArrowInput& input) : input_(input) {
    set_mode(arrow::io::FileMode::READ);
  }

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> GetSize() override { return input_.bytes; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Seek(int64_t position) override {
    if (position < 0) return arrow::Status::Invalid("a place before the file");
    position_ = position;
    return arrow::Status::OK();
  }

  arrow::Result<int64_t> Read(int64_t bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position_, bytes, out));
    position_ += got;
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
    position_ += buffer->size();
    return buffer;
  }

  arrow::Result<int64_t> ReadAt(int64_t offset, int64_t bytes, void* out) override {
    if (offset < 0 || bytes < 0) return arrow::Status::Invalid("a place before the file");
    const int64_t got = std::clamp<int64_t>(input_.bytes - offset, 0, bytes);
    if (got > 0 && input_.read(input_.context, offset, got, out) != 0) {
      return arrow::Status::IOError("reading failed");
    }
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t offset, int64_t bytes) override {
    // What a damaged file asks for may be more than there is memory.
    const int64_t most = std::clamp<int64_t>(input_.bytes - offset, 0, bytes);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(most));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(offset, most, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  const ChorusArrowInput& input_;
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<arrow::io::RandomAccessFile> FileOf(const ChorusArrowInput& input) {
  return std::make_shared<InputFile>(input);
}

}  // namespace chorus::worker
