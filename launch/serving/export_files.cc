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

template <typename Values>
Result<Values> ExportArrays::Read(const std::string& file, const std::string& type, uint64_t cols,
                                  uint64_t row_bytes) {
  const auto found = unread_.find(file);
  if (found == unread_.end()) {
    return DataLoss(StrCat(JoinPath(folder_, kExportManifestFile), ": it has no array ", file,
                           ", which the model needs"));
  }
  const ExportArray& array = *found->second;
  unread_.erase(found);
  if (array.type() != type || array.shape_size() != 2 || array.shape(1) != cols) {
    return DataLoss(StrCat(JoinPath(folder_, file), ": ", ShapeOf(array), "; expected: ", type,
                           " [rows, ", cols, "]"));
  }
  Result<Values> values = ReadFile<Values>(array, row_bytes);
  if (!values.ok()) return values.status().Annotate(JoinPath(folder_, file));
  return values;
}

template <typename Values>
Result<Values> ExportArrays::ReadFile(const ExportArray& array, uint64_t row_bytes) {
  const uint64_t rows = array.shape(0);
  ASSIGN_OR_RETURN(const auto file, files_.OpenForRead(JoinPath(folder_, array.file())));
  // Before memory is taken for what the manifest claims.
  const uint64_t most = std::numeric_limits<uint64_t>::max() / std::max<uint64_t>(row_bytes, 1);
  if (rows > most || file->size() != rows * row_bytes) {
    return DataLoss(StrCat(file->size(), " bytes; expected: ", ShapeOf(array), ", as ",
                           kExportManifestFile, " says"));
  }
  Values values;
  values.resize(rows * row_bytes / sizeof(values[0]));
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(values));
  RETURN_IF_ERROR(file->ReadAt(0, bytes));
  const std::string checksum = HexDigits(Checksum(std::span<const std::byte>(bytes)));
  if (checksum == array.xxh3()) return values;
  return DataLoss(StrCat("checksum ", checksum, "; expected: ", array.xxh3(), ", as ",
                         kExportManifestFile, " says: the file is damaged, or of another export"));
}

}  // namespace chorus::launch
