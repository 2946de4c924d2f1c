#include "launch/serving/row_writer.h"

#include <utility>

#include "common/export_format.h"

namespace chorus::launch {
namespace {

constexpr size_t kPieceBytes = 1 << 18;  // about so many are written at a time

}  // namespace

Result<RowWriter> RowWriter::Create(FileSystem& files, const std::string& folder, RowForm form,
                                    const std::string& table, uint64_t dim) {
  RowWriter writer(form);
  writer.rows_.described = RowArraysOf(form, table, dim);
  writer.rows_.arrays.resize(writer.rows_.described.size());
  std::vector<RowArray> arrays = {KeysArray(ExportKeysFile(table))};
  arrays.insert(arrays.end(), writer.rows_.described.begin(), writer.rows_.described.end());
  for (const RowArray& array : arrays) {
    ASSIGN_OR_RETURN(ArrayFile file, ArrayFile::Create(files, folder, array));
    writer.files_.push_back(std::move(file));
  }
  return writer;
}

Status RowWriter::Append(Key key, std::span<const float> weights) {
  RETURN_IF_ERROR(AppendRow(form_, key, weights, &rows_));
  return WriteFullPiece();
}

Status RowWriter::Copy(const RowStream& row) {
  rows_.keys.push_back(row.key());
  for (size_t a = 0; a < rows_.arrays.size(); ++a) rows_.arrays[a].append(row.part(a));
  return WriteFullPiece();
}

Result<std::vector<ExportArray>> RowWriter::Finish() {
  RETURN_IF_ERROR(WritePiece());
  std::vector<ExportArray> entries;
  for (ArrayFile& file : files_) {
    ASSIGN_OR_RETURN(ExportArray entry, file.Finish());
    entries.push_back(std::move(entry));
  }
  return entries;
}

Status RowWriter::WriteFullPiece() {
  return rows_.arrays[0].size() < kPieceBytes ? Status::Ok() : WritePiece();
}

Status RowWriter::WritePiece() {
  const auto* const keys = reinterpret_cast<const char*>(rows_.keys.data());
  RETURN_IF_ERROR(files_[0].Append({keys, rows_.keys.size() * sizeof(Key)}));
  rows_.keys.clear();
  for (size_t a = 0; a < rows_.arrays.size(); ++a) {
    RETURN_IF_ERROR(files_[1 + a].Append(rows_.arrays[a]));
    rows_.arrays[a].clear();
  }
  return Status::Ok();
}

RowArray KeysArray(const std::string& file) { return {file, kExportKeyType, 1, sizeof(Key)}; }

}  // namespace chorus::launch
