#include "launch/serving/export_files.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "common/export_format.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

std::string ShapeOf(const ExportArray& array) {
  std::vector<std::string> sizes;
  for (const uint64_t size : array.shape()) sizes.push_back(StrCat(size));
  return StrCat(array.type(), " [", Join(sizes, ", "), "]");
}

}  // namespace

Result<ExportManifest> ReadExportManifest(FileSystem& files, const std::string& folder) {
  const std::string path = JoinPath(folder, kExportManifestFile);
  if (!files.Exists(path)) {
    return NotFound(StrCat(folder, ": no export of a model, there is no ", kExportManifestFile,
                           " in it; `chorus export` writes one"));
  }
  ASSIGN_OR_RETURN(
      ExportManifest manifest,
      ReadOfFormat<ExportManifest>(files, path, {kExportFormat, kExportSmallRowsFormat}));
  // Rows in fewer bits need the other format: programs that know float32 alone refuse that by name.
  if ((manifest.format() == kExportFormat) == manifest.has_rows()) {
    return DataLoss(StrCat(path, ": its format does not go with the form of its rows"));
  }
  if (!manifest.has_source()) {
    return FailedPrecondition(StrCat(path,
                                     ": an earlier build wrote it, which did not say what the "
                                     "layers were made from: export the checkpoint again"));
  }
  return manifest;
}

ExportArray DescribedArray(const std::string& file, const char* type, const ArrayShape& shape,
                           uint64_t checksum) {
  ExportArray array;
  array.set_file(file);
  array.set_type(type);
  array.add_shape(shape.rows);
  array.add_shape(shape.cols);
  array.set_xxh3(HexDigits(checksum));
  return array;
}

Result<std::unique_ptr<RandomAccessFile>> OpenArray(FileSystem& files, const std::string& folder,
                                                    const ExportArray& array, uint64_t row_bytes) {
  const std::string path = JoinPath(folder, array.file());
  auto file = files.OpenForRead(path);
  if (!file.ok()) return file.status().Annotate(path);
  // Checked before memory is taken for the size that the manifest claims.
  const uint64_t most = std::numeric_limits<uint64_t>::max() / std::max<uint64_t>(row_bytes, 1);
  if (array.shape(0) <= most && (*file)->size() == array.shape(0) * row_bytes) return file;
  return DataLoss(StrCat(path, ": ", (*file)->size(), " bytes; expected: ", ShapeOf(array), ", as ",
                         kExportManifestFile, " says"));
}

Status CheckedArray(const std::string& path, uint64_t checksum, const std::string& expected) {
  const std::string actual = HexDigits(checksum);
  if (actual == expected) return Status::Ok();
  return DataLoss(StrCat(path, ": checksum ", actual, "; expected: ", expected, ", as ",
                         kExportManifestFile, " says: the file is damaged, or of another export"));
}

ExportArrays::ExportArrays(FileSystem& files, std::string folder, const ExportManifest& manifest)
    : files_(files), folder_(std::move(folder)) {
  for (const ExportArray& array : manifest.array()) unread_[array.file()] = &array;
}

Result<std::vector<Key>> ExportArrays::Keys(const std::string& file) {
  return Read<std::vector<Key>>(file, kExportKeyType, 1, sizeof(Key));
}

Result<std::vector<float>> ExportArrays::Floats(const std::string& file, uint64_t cols) {
  return Read<std::vector<float>>(file, kExportWeightType, cols, cols * sizeof(float));
}

Result<std::string> ExportArrays::Bytes(const std::string& file, const std::string& type,
                                        uint64_t cols, uint64_t row_bytes) {
  return Read<std::string>(file, type, cols, row_bytes);
}

std::vector<std::string> ExportArrays::Unread() const {
  std::vector<std::string> files;
  for (const auto& [file, array] : unread_) files.push_back(file);
  return files;
}

Result<ArrayStream> ExportArrays::Stream(const std::string& file, const std::string& type,
                                         uint64_t cols, uint64_t row_bytes) {
  ASSIGN_OR_RETURN(const ExportArray* const array, Take(file, type, cols));
  return ArrayStream::Open(files_, folder_, *array, row_bytes);
}

Result<const ExportArray*> ExportArrays::Take(const std::string& file, const std::string& type,
                                              uint64_t cols) {
  const auto found = unread_.find(file);
  if (found == unread_.end()) {
    return DataLoss(StrCat(JoinPath(folder_, kExportManifestFile), ": it has no array ", file,
                           ", which the model needs"));
  }
  const ExportArray* const array = found->second;
  unread_.erase(found);  // what is left at the end is no part of the model (Unread)
  if (array->type() == type && array->shape_size() == 2 && array->shape(1) == cols) return array;
  return DataLoss(StrCat(JoinPath(folder_, file), ": ", ShapeOf(*array), "; expected: ", type,
                         " [rows, ", cols, "]"));
}

template <typename Values>
Result<Values> ExportArrays::Read(const std::string& file, const std::string& type, uint64_t cols,
                                  uint64_t row_bytes) {
  ASSIGN_OR_RETURN(const ExportArray* const array, Take(file, type, cols));
  const std::string path = JoinPath(folder_, file);
  ASSIGN_OR_RETURN(const auto opened, OpenArray(files_, folder_, *array, row_bytes));
  Values values;
  values.resize(array->shape(0) * row_bytes / sizeof(values[0]));
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(values));
  if (const Status read = opened->ReadAt(0, bytes); !read.ok()) return read.Annotate(path);
  RETURN_IF_ERROR(CheckedArray(path, Checksum(std::span<const std::byte>(bytes)), array->xxh3()));
  return values;
}

}  // namespace chorus::launch
