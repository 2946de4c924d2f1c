#include "launch/serving/array_stream.h"

#include <algorithm>
#include <span>
#include <utility>

#include "common/export_format.h"
#include "launch/serving/export_files.h"

namespace chorus::launch {
namespace {

constexpr uint64_t kReadBytes = 1 << 18;  // at a time, but at least one row

}  // namespace

Result<ArrayStream> ArrayStream::Open(FileSystem& files, const std::string& folder,
                                      const ExportArray& array, uint64_t row_bytes) {
  ArrayStream stream;
  stream.path_ = JoinPath(folder, array.file());
  stream.xxh3_ = array.xxh3();
  stream.rows_ = array.shape(0);
  stream.row_bytes_ = row_bytes;
  ASSIGN_OR_RETURN(stream.file_, OpenArray(files, folder, array, row_bytes));
  return stream;
}

const char* ArrayStream::Next() {
  if (!status_.ok() || (at_ == buffer_.size() && !Fill())) return nullptr;
  const char* const row = buffer_.data() + at_;
  at_ += row_bytes_;
  return row;
}

bool ArrayStream::Fill() {
  if (next_ == rows_) {
    status_ = CheckedArray(path_, checksum_.value(), xxh3_);
    return false;
  }
  const uint64_t rows = std::min(rows_ - next_, std::max<uint64_t>(1, kReadBytes / row_bytes_));
  buffer_.resize(rows * row_bytes_);
  at_ = 0;
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(buffer_));
  status_ = file_->ReadAt(next_ * row_bytes_, bytes);
  if (!status_.ok()) {
    status_ = status_.Annotate(path_);
    return false;
  }
  checksum_.Add(bytes);
  next_ += rows;
  return true;
}

}  // namespace chorus::launch
