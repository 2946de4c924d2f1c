#include "launch/serving/row_writer.h"

#include <utility>

#include "common/export_format.h"

namespace chorus::launch {
namespace {

std::string_view BytesOf(const Key& key) {
  return {reinterpret_cast<const char*>(&key), sizeof(key)};
}

}  // namespace

Result<RowWriter> RowWriter::Create(FileSystem& files, const std::string& folder, RowForm form,
                                    const std::string& table, uint64_t dim) {
  RowWriter writer(form);
  writer.row_.described = RowArraysOf(form, table, dim);
  writer.row_.arrays.resize(writer.row_.described.size());
  std::vector<RowArray> arrays = {KeysArray(ExportKeysFile(table))};
  arrays.insert(arrays.end(), writer.row_.described.begin(), writer.row_.described.end());
  for (const RowArray& array : arrays) {
    ASSIGN_OR_RETURN(ArrayFile file, ArrayFile::Create(files, folder, array));
    writer.files_.push_back(std::move(file));
  }
  return writer;
}

Status RowWriter::Append(Key key, std::span<const float> weights) {
  row_.keys.clear();
  for (std::string& array : row_.arrays) array.clear();
  RETURN_IF_ERROR(AppendRow(form_, key, weights, &row_));
  RETURN_IF_ERROR(files_[0].Append(BytesOf(key)));
  for (size_t a = 0; a < row_.arrays.size(); ++a) {
    RETURN_IF_ERROR(files_[1 + a].Append(row_.arrays[a]));
  }
  return Status::Ok();
}

Status RowWriter::Copy(const RowStream& row) {
  RETURN_IF_ERROR(files_[0].Append(BytesOf(row.key())));
  for (size_t a = 1; a < files_.size(); ++a) {
    RETURN_IF_ERROR(files_[a].Append(row.part(a - 1)));
  }
  return Status::Ok();
}

Result<std::vector<ExportArray>> RowWriter::Finish() {
  std::vector<ExportArray> entries;
  for (ArrayFile& file : files_) {
    ASSIGN_OR_RETURN(ExportArray entry, file.Finish());
    entries.push_back(std::move(entry));
  }
  return entries;
}

RowArray KeysArray(const std::string& file) { return {file, kExportKeyType, 1, sizeof(Key)}; }

}  // namespace chorus::launch
