#include "launch/command/export_model.h"

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "common/export.pb.h"
#include "common/export_format.h"
#include "common/key.h"
#include "common/output_folder.h"
#include "common/strings.h"
#include "launch/command/array_file.h"
#include "launch/command/checkpoint_rows.h"
#include "launch/command/export_manifest.h"
#include "launch/onnx/onnx_model.h"
#include "launch/serving/export_files.h"
#include "launch/serving/row_form.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

constexpr std::string_view kWeights = "weight/";

// Rows are written in pieces of about so many bytes.
constexpr size_t kPieceBytes = 1 << 18;

// The arrays of one table: rows go through a buffer of one piece.
class TableExporter {
 public:
  // Calls Create, Append for each row, and Finish.
  TableExporter(RowForm form, const std::string& table, uint32_t dim) : form_(form), dim_(dim) {
    rows_.described = RowArraysOf(form, table, dim);
    rows_.arrays.resize(rows_.described.size());
    keys_ = {ExportKeysFile(table), kExportKeyType, 1, sizeof(Key)};
  }

  Status Create(FileSystem& files, const std::string& folder) {
    ASSIGN_OR_RETURN(ArrayFile keys, ArrayFile::Create(files, folder, keys_));
    files_.push_back(std::move(keys));
    for (const RowArray& array : rows_.described) {
      ASSIGN_OR_RETURN(ArrayFile file, ArrayFile::Create(files, folder, array));
      files_.push_back(std::move(file));
    }
    return Status::Ok();
  }

  Status Append(const ps::ShardRow& row) {
    RETURN_IF_ERROR(AppendRow(form_, row.key, {row.weights, dim_}, &rows_));
    return rows_.arrays[0].size() < kPieceBytes ? Status::Ok() : WritePiece();
  }

  Status Finish(std::vector<ExportArray>* entries) {
    RETURN_IF_ERROR(WritePiece());
    for (ArrayFile& file : files_) {
      ASSIGN_OR_RETURN(ExportArray entry, file.Finish());
      entries->push_back(std::move(entry));
    }
    return Status::Ok();
  }

 private:
  Status WritePiece() {
    const auto* const keys = reinterpret_cast<const char*>(rows_.keys.data());
    RETURN_IF_ERROR(files_[0].Append({keys, rows_.keys.size() * sizeof(Key)}));
    rows_.keys.clear();
    for (size_t a = 0; a < rows_.arrays.size(); ++a) {
      RETURN_IF_ERROR(files_[1 + a].Append(rows_.arrays[a]));
      rows_.arrays[a].clear();
    }
    return Status::Ok();
  }

  const RowForm form_;
  const uint32_t dim_;
  RowArray keys_;
  StoredRows rows_;               // not yet written
  std::vector<ArrayFile> files_;  // of the keys, then as rows_.described
};

// The files of the export. Each is written whole, synced, and remembered for the manifest.
class Exporter {
 public:
  Exporter(FileSystem& files, std::string output, RowForm form)
      : files_(files), output_(std::move(output)), form_(form) {}

  Status Tables(const CheckpointRows& rows) {
    for (uint32_t t = 0; t < rows.tables().size(); ++t) {
      const ps::ShardFileTable& table = rows.tables()[t];
      TableExporter exporter(form_, table.name, table.dim);
      RETURN_IF_ERROR(exporter.Create(files_, output_));
      const Status visited =
          rows.Visit(t, [&](const ps::ShardRow& row) { return exporter.Append(row); });
      if (!visited.ok()) return visited.Annotate(StrCat("table ", table.name));
      RETURN_IF_ERROR(exporter.Finish(&arrays_));
    }
    return Status::Ok();
  }

  Status Dense(const worker::DenseState& dense) {
    RETURN_IF_ERROR(files_.CreateDirectories(JoinPath(output_, kExportDenseFolder)));
    for (const worker::NamedArray& array : dense.arrays) {
      if (!array.name.starts_with(kWeights)) continue;
      const std::string_view bytes(reinterpret_cast<const char*>(array.values.data()),
                                   array.values.size() * sizeof(float));
      const std::string name = ExportDenseFile(array.name.substr(kWeights.size()));
      RETURN_IF_ERROR(ReplaceFile(files_, JoinPath(output_, name), bytes));
      arrays_.push_back(
          DescribedArray(name, kExportWeightType, {array.rows, array.cols}, Checksum(bytes)));
    }
    return Status::Ok();
  }

  // Layers as one ONNX model, which *manifest then names.
  Status Onnx(const worker::DenseState& dense, ExportManifest* manifest) {
    ASSIGN_OR_RETURN(OnnxModel model, MakeOnnxModel(*manifest, dense));
    model.described.set_file(kExportOnnxFile);
    model.described.set_xxh3(HexDigits(Checksum(model.bytes)));
    *manifest->mutable_onnx() = std::move(model.described);
    return ReplaceFile(files_, JoinPath(output_, manifest->onnx().file()), model.bytes);
  }

  // Last: its presence says that the export is whole.
  Status Manifest(ExportManifest manifest) {
    for (ExportArray& array : arrays_) *manifest.add_array() = std::move(array);
    ASSIGN_OR_RETURN(const std::string json, ExportManifestJson(manifest));
    return ReplaceFile(files_, JoinPath(output_, kExportManifestFile), json);
  }

 private:
  FileSystem& files_;
  const std::string output_;
  const RowForm form_;
  std::vector<ExportArray> arrays_;
};

}  // namespace

Status ExportModel(FileSystem& files, const std::string& folder, const std::string& output,
                   bool onnx, RowForm form) {
  ASSIGN_OR_RETURN(const auto written, OutputFolder::Create(files, output, "exporting"));
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, worker::ReadManifest(files, folder));
  RETURN_IF_ERROR(worker::VerifyFiles(files, folder, manifest));
  ASSIGN_OR_RETURN(ExportManifest model, DescribeModel(manifest));
  ASSIGN_OR_RETURN(const auto rows, CheckpointRows::Open(files, folder, manifest));
  ASSIGN_OR_RETURN(const worker::DenseState dense, worker::ReadDenseState(files, folder, manifest));
  if (form != ExportRows::FORM_UNSPECIFIED) {
    model.set_format(kExportSmallRowsFormat);
    model.mutable_rows()->set_form(form);
  }
  Exporter exporter(files, written->path(), form);
  RETURN_IF_ERROR(exporter.Tables(*rows));
  RETURN_IF_ERROR(exporter.Dense(dense));
  if (onnx) RETURN_IF_ERROR(exporter.Onnx(dense, &model));
  RETURN_IF_ERROR(exporter.Manifest(std::move(model)));
  return written->Commit();
}

}  // namespace chorus::launch
