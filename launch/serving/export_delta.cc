#include "launch/serving/export_delta.h"

#include <type_traits>
#include <utility>
#include <vector>

#include "common/export_format.h"
#include "common/json.h"
#include "common/output_folder.h"
#include "common/strings.h"
#include "launch/serving/export_files.h"
#include "launch/serving/row_form.h"

namespace chorus::launch {
namespace {

constexpr char kDeltaFormat[] = "chorus-export-delta 1";
constexpr char kDeltaFile[] = "delta.json";
constexpr char kNewManifest[] = "manifest.new.json";

// Of a table, beside the rows that are new or changed: the keys that are no more.
std::string GoneFile(const std::string& table) { return table + ".gone.u64"; }

// Of the form of other rows.
StoredRows NoRowsLike(const StoredRows& rows) {
  StoredRows none;
  none.described = rows.described;
  none.arrays.resize(rows.arrays.size());
  return none;
}

bool IsSameRow(const StoredRows& a, size_t row, const StoredRows& b, size_t other) {
  for (size_t array = 0; array < a.arrays.size(); ++array) {
    if (a.PartOf(array, row) != b.PartOf(array, other)) return false;
  }
  return true;
}

void CopyRow(const StoredRows& from, size_t row, StoredRows* to) {
  to->keys.push_back(from.keys[row]);
  for (size_t array = 0; array < from.arrays.size(); ++array) {
    to->arrays[array].append(from.PartOf(array, row));
  }
}

template <typename T>
std::string_view BytesOfVector(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// Tables by the first parts of their files' names, in the order of the manifest.
std::vector<std::string> TablesIn(const ExportManifest& manifest) {
  std::vector<std::string> tables;
  for (const ExportArray& array : manifest.array()) {
    if (!array.file().ends_with(kExportKeysEnd)) continue;
    tables.push_back(array.file().substr(0, array.file().rfind(kExportKeysEnd)));
  }
  return tables;
}

const ExportArray* FindArray(const ExportManifest& manifest, const std::string& file) {
  for (const ExportArray& array : manifest.array()) {
    if (array.file() == file) return &array;
  }
  return nullptr;
}

uint64_t ColsOf(const ExportArray& array) { return array.shape_size() == 2 ? array.shape(1) : 0; }

bool IsDense(const std::string& file) { return file.starts_with(StrCat(kExportDenseFolder, "/")); }

Result<uint64_t> DimOf(const ExportManifest& manifest, const std::string& table) {
  const ExportArray* const weights =
      FindArray(manifest, RowArraysOf(FormOf(manifest), table, 1)[0].file);
  if (weights != nullptr && weights->shape_size() == 2) return uint64_t{weights->shape(1)};
  return DataLoss(StrCat("there are no weights of table ", table));
}

// Files of the output, and their entries.
class DeltaOutput {
 public:
  DeltaOutput(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  template <typename T>
  Status Add(const std::string& file, uint64_t cols, const std::vector<T>& values) {
    const std::string_view bytes = BytesOfVector(values);
    RETURN_IF_ERROR(Write(file, bytes));
    *delta.add_array() =
        DescribedArray(file, std::is_same_v<T, Key> ? kExportKeyType : kExportWeightType,
                       {values.size() / cols, cols}, Checksum(bytes));
    return Status::Ok();
  }
  Status AddRows(const std::string& table, const StoredRows& rows) {
    RETURN_IF_ERROR(Add(ExportKeysFile(table), 1, rows.keys));
    for (size_t a = 0; a < rows.arrays.size(); ++a) {
      const RowArray& array = rows.described[a];
      RETURN_IF_ERROR(Write(array.file, rows.arrays[a]));
      *delta.add_array() = DescribedArray(array.file, array.type, {rows.keys.size(), array.cols},
                                          Checksum(rows.arrays[a]));
    }
    return Status::Ok();
  }
  Status Write(const std::string& file, std::string_view bytes) {
    const std::string path = JoinPath(folder_, file);
    RETURN_IF_ERROR(files_.CreateDirectories(DirectoryOf(path)));
    return ReplaceFile(files_, path, bytes);
  }

  ExportDelta delta;

 private:
  FileSystem& files_;
  const std::string folder_;
};

Status AddTableDelta(const std::string& table, const StoredRows& before, const StoredRows& after,
                     DeltaOutput* out) {
  StoredRows changed = NoRowsLike(after);
  std::vector<Key> gone;
  size_t b = 0;
  for (size_t a = 0; a < after.keys.size(); ++a) {
    const Key key = after.keys[a];
    while (b < before.keys.size() && before.keys[b] < key) gone.push_back(before.keys[b++]);
    const bool was_there = b < before.keys.size() && before.keys[b] == key;
    if (!was_there || !IsSameRow(before, b, after, a)) CopyRow(after, a, &changed);
    b += was_there ? 1 : 0;
  }
  gone.insert(gone.end(), before.keys.begin() + static_cast<std::ptrdiff_t>(b), before.keys.end());
  RETURN_IF_ERROR(out->AddRows(table, changed));
  return out->Add(GoneFile(table), 1, gone);
}

StoredRows Merged(const StoredRows& before, const StoredRows& changed,
                  const std::vector<Key>& gone) {
  StoredRows out = NoRowsLike(before);
  size_t c = 0, g = 0;
  for (size_t b = 0; b < before.keys.size(); ++b) {
    const Key key = before.keys[b];
    while (c < changed.keys.size() && changed.keys[c] < key) {
      CopyRow(changed, c++, &out);
    }
    while (g < gone.size() && gone[g] < key) ++g;
    if (c < changed.keys.size() && changed.keys[c] == key) {
      CopyRow(changed, c++, &out);
    } else if (g == gone.size() || gone[g] != key) {
      CopyRow(before, b, &out);
    }
  }
  while (c < changed.keys.size()) CopyRow(changed, c++, &out);
  return out;
}

// Weights of layers are few: those that changed are there as a whole.
Status AddDenseDelta(const ExportManifest& before, const ExportManifest& after,
                     ExportArrays* arrays, DeltaOutput* out) {
  for (const ExportArray& array : after.array()) {
    if (!IsDense(array.file())) continue;
    const ExportArray* const earlier = FindArray(before, array.file());
    if (earlier != nullptr && earlier->xxh3() == array.xxh3()) continue;
    ASSIGN_OR_RETURN(const std::vector<float> values, arrays->Floats(array.file(), ColsOf(array)));
    RETURN_IF_ERROR(out->Add(array.file(), ColsOf(array), values));
  }
  return Status::Ok();
}

Result<std::string> ReadChecked(FileSystem& files, const std::string& path,
                                const std::string& xxh3) {
  ASSIGN_OR_RETURN(std::string bytes, ReadWholeFile(files, path));
  const std::string checksum = HexDigits(Checksum(bytes));
  if (checksum == xxh3) return bytes;
  return DataLoss(StrCat(path, ": checksum ", checksum, "; expected: ", xxh3));
}

// The ONNX model that the manifest of the later export names, if it does.
Status CopyOnnx(FileSystem& files, const std::string& from, const ExportManifest& manifest,
                DeltaOutput* out) {
  if (!manifest.has_onnx()) return Status::Ok();
  const std::string& model = manifest.onnx().file();
  ASSIGN_OR_RETURN(const std::string bytes,
                   ReadChecked(files, JoinPath(from, model), manifest.onnx().xxh3()));
  return out->Write(model, bytes);
}

bool SameModel(const ExportManifest& a, const ExportManifest& b) {
  return a.method() == b.method() && TablesIn(a) == TablesIn(b) &&
         a.source().SerializeAsString() == b.source().SerializeAsString();
}

// The export that a delta leads to.
struct Later {
  ExportDelta delta;
  ExportManifest listed;  // the arrays of the delta
  std::string manifest_bytes;
  ExportManifest manifest;
};

Result<Later> ReadDelta(FileSystem& files, const std::string& base, const std::string& folder) {
  Later later;
  const std::string path = JoinPath(folder, kDeltaFile);
  if (!files.Exists(path)) return NotFound(StrCat(folder, ": no delta, there is no ", kDeltaFile));
  ASSIGN_OR_RETURN(later.delta, ReadOfFormat<ExportDelta>(files, path, {kDeltaFormat}));
  ASSIGN_OR_RETURN(const std::string earlier,
                   ReadWholeFile(files, JoinPath(base, kExportManifestFile)));
  if (HexDigits(Checksum(earlier)) != later.delta.base_xxh3()) {
    return FailedPrecondition(StrCat(folder, ": made for another export, of step ",
                                     later.delta.base_step(), ", than ", base));
  }
  *later.listed.mutable_array() = later.delta.array();
  ASSIGN_OR_RETURN(later.manifest_bytes,
                   ReadChecked(files, JoinPath(folder, kNewManifest), later.delta.manifest_xxh3()));
  const Status parsed = FromJson(later.manifest_bytes, &later.manifest);
  if (!parsed.ok()) return DataLoss(StrCat(folder, "/", kNewManifest, ": ", parsed.message()));
  return later;
}

// Writes an array of the later export, if it is that.
Status WriteLater(const ExportManifest& manifest, const std::string& file, std::string_view bytes,
                  DeltaOutput* out) {
  const ExportArray* const array = FindArray(manifest, file);
  if (array != nullptr && array->xxh3() == HexDigits(Checksum(bytes))) {
    return out->Write(file, bytes);
  }
  return DataLoss(StrCat(file, ": what the delta makes of it is not the later export's"));
}

Status ApplyTables(const ExportManifest& before, const Later& later, ExportArrays* base,
                   ExportArrays* changes, DeltaOutput* out) {
  for (const std::string& table : TablesIn(before)) {
    ASSIGN_OR_RETURN(const uint64_t dim, DimOf(before, table));
    ASSIGN_OR_RETURN(const StoredRows rows, ReadStoredRows(FormOf(before), table, dim, base));
    ASSIGN_OR_RETURN(const StoredRows changed, ReadStoredRows(FormOf(before), table, dim, changes));
    ASSIGN_OR_RETURN(const std::vector<Key> gone, changes->Keys(GoneFile(table)));
    const StoredRows merged = Merged(rows, changed, gone);
    const std::string_view keys = BytesOfVector(merged.keys);
    RETURN_IF_ERROR(WriteLater(later.manifest, ExportKeysFile(table), keys, out));
    for (size_t a = 0; a < merged.arrays.size(); ++a) {
      RETURN_IF_ERROR(WriteLater(later.manifest, merged.described[a].file, merged.arrays[a], out));
    }
  }
  return Status::Ok();
}

Status ApplyDense(const Later& later, ExportArrays* base, ExportArrays* changes, DeltaOutput* out) {
  for (const ExportArray& array : later.manifest.array()) {
    if (!IsDense(array.file())) continue;
    const bool changed = FindArray(later.listed, array.file()) != nullptr;
    ASSIGN_OR_RETURN(const std::vector<float> values,
                     (changed ? changes : base)->Floats(array.file(), ColsOf(array)));
    RETURN_IF_ERROR(WriteLater(later.manifest, array.file(), BytesOfVector(values), out));
  }
  return Status::Ok();
}

Status SameForm(const std::string& base, RowForm before, RowForm after) {
  if (before == after) return Status::Ok();
  return FailedPrecondition(StrCat("rows of ", base, " are ", NameOfForm(before),
                                   ", and those of the later export ", NameOfForm(after),
                                   ": export with the same --rows, or whole"));
}

}  // namespace

Status CheckDeltaBase(FileSystem& files, const std::string& base, RowForm later) {
  ASSIGN_OR_RETURN(const ExportManifest before, ReadExportManifest(files, base));
  return SameForm(base, FormOf(before), later);
}

Status WriteDelta(FileSystem& files, const std::string& base, const std::string& full,
                  const std::string& output) {
  ASSIGN_OR_RETURN(const auto folder, OutputFolder::Create(files, output, "exporting"));
  ASSIGN_OR_RETURN(const ExportManifest before, ReadExportManifest(files, base));
  ASSIGN_OR_RETURN(const ExportManifest after, ReadExportManifest(files, full));
  RETURN_IF_ERROR(SameForm(base, FormOf(before), FormOf(after)));
  if (!SameModel(before, after)) {
    return FailedPrecondition(StrCat(base, " is no earlier export of the model in ", full,
                                     ": its layers, tables or columns differ"));
  }
  DeltaOutput out(files, folder->path());
  ExportArrays before_arrays(files, base, before), after_arrays(files, full, after);
  for (const std::string& table : TablesIn(after)) {
    ASSIGN_OR_RETURN(const uint64_t dim, DimOf(after, table));
    const RowForm form = FormOf(after);
    ASSIGN_OR_RETURN(const StoredRows earlier, ReadStoredRows(form, table, dim, &before_arrays));
    ASSIGN_OR_RETURN(const StoredRows later, ReadStoredRows(form, table, dim, &after_arrays));
    RETURN_IF_ERROR(AddTableDelta(table, earlier, later, &out));
  }
  RETURN_IF_ERROR(AddDenseDelta(before, after, &after_arrays, &out));
  RETURN_IF_ERROR(CopyOnnx(files, full, after, &out));
  ASSIGN_OR_RETURN(const std::string earlier,
                   ReadWholeFile(files, JoinPath(base, kExportManifestFile)));
  ASSIGN_OR_RETURN(const std::string later,
                   ReadWholeFile(files, JoinPath(full, kExportManifestFile)));
  out.delta.set_format(kDeltaFormat);
  out.delta.set_base_xxh3(HexDigits(Checksum(earlier)));
  out.delta.set_base_step(before.step());
  out.delta.set_manifest_xxh3(HexDigits(Checksum(later)));
  out.delta.set_step(after.step());
  RETURN_IF_ERROR(out.Write(kNewManifest, later));
  ASSIGN_OR_RETURN(const std::string json, ToJson(out.delta, {.zeros = true, .indented = true}));
  RETURN_IF_ERROR(out.Write(kDeltaFile, json));
  return folder->Commit();
}

Status ApplyDelta(FileSystem& files, const std::string& base, const std::string& delta,
                  const std::string& output) {
  ASSIGN_OR_RETURN(const auto folder, OutputFolder::Create(files, output, "exporting"));
  ASSIGN_OR_RETURN(const ExportManifest before, ReadExportManifest(files, base));
  ASSIGN_OR_RETURN(const Later later, ReadDelta(files, base, delta));
  DeltaOutput out(files, folder->path());
  ExportArrays base_arrays(files, base, before), changes(files, delta, later.listed);
  RETURN_IF_ERROR(ApplyTables(before, later, &base_arrays, &changes, &out));
  RETURN_IF_ERROR(ApplyDense(later, &base_arrays, &changes, &out));
  RETURN_IF_ERROR(CopyOnnx(files, delta, later.manifest, &out));
  RETURN_IF_ERROR(out.Write(kExportManifestFile, later.manifest_bytes));
  return folder->Commit();
}

}  // namespace chorus::launch
