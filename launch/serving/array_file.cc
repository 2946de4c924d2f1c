#include "launch/serving/array_file.h"

#include <cstddef>
#include <span>
#include <utility>

#include "common/check.h"
#include "launch/serving/export_files.h"

namespace chorus::launch {
namespace {

constexpr size_t kCollectedBytes = 1 << 18;  // before they are written

}  // namespace

Result<ArrayFile> ArrayFile::Create(FileSystem& files, const std::string& folder,
                                    const RowArray& array) {
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files.Create(JoinPath(folder, array.file)));
  return ArrayFile(array, std::move(file));
}

Status ArrayFile::Append(std::string_view bytes) {
  if (bytes.size() >= kCollectedBytes && piece_.empty()) return Write(bytes);
  piece_.append(bytes);
  if (piece_.size() < kCollectedBytes) return Status::Ok();
  const Status written = Write(piece_);
  piece_.clear();
  return written;
}

Status ArrayFile::Write(std::string_view bytes) {
  const std::span<const std::byte> data = std::as_bytes(std::span(bytes));
  checksum_.Add(data);
  bytes_ += bytes.size();
  return file_->Append(data);
}

Result<ExportArray> ArrayFile::Finish() {
  RETURN_IF_ERROR(Write(piece_));
  CHECK(bytes_ % array_.row_bytes == 0, array_.file, bytes_);
  RETURN_IF_ERROR(file_->Sync());
  RETURN_IF_ERROR(file_->Close());
  return DescribedArray(array_.file, array_.type, {bytes_ / array_.row_bytes, array_.cols},
                        checksum_.value());
}

}  // namespace chorus::launch
