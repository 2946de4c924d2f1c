#include "launch/command/export_model.h"

#include <string_view>
#include <utility>
#include <vector>

#include "common/export.pb.h"
#include "common/export_format.h"
#include "common/output_folder.h"
#include "common/strings.h"
#include "launch/command/checkpoint_rows.h"
#include "launch/command/export_manifest.h"
#include "launch/onnx/onnx_model.h"
#include "launch/serving/export_files.h"
#include "launch/serving/row_form.h"
#include "launch/serving/row_writer.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

constexpr std::string_view kWeights = "weight/";

// The files of the export. Each is written whole, synced, and remembered for the manifest.
class Exporter {
 public:
  Exporter(FileSystem& files, std::string output, RowForm form)
      : files_(files), output_(std::move(output)), form_(form) {}

  Status Tables(const CheckpointRows& rows) {
    for (uint32_t t = 0; t < rows.tables().size(); ++t) {
      const ps::ShardFileTable& table = rows.tables()[t];
      ASSIGN_OR_RETURN(RowWriter writer,
                       RowWriter::Create(files_, output_, form_, table.name, table.dim));
      const Status visited = rows.Visit(t, [&](const ps::ShardRow& row) {
        return writer.Append(row.key, {row.weights, table.dim});
      });
      if (!visited.ok()) return visited.Annotate(StrCat("table ", table.name));
      ASSIGN_OR_RETURN(std::vector<ExportArray> entries, writer.Finish());
      for (ExportArray& entry : entries) arrays_.push_back(std::move(entry));
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
