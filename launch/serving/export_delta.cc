#include "launch/serving/export_delta.h"

#include <cstring>
#include <utility>
#include <vector>

#include "common/export_format.h"
#include "common/json.h"
#include "common/output_folder.h"
#include "common/strings.h"
#include "launch/serving/array_file.h"
#include "launch/serving/array_stream.h"
#include "launch/serving/export_files.h"
#include "launch/serving/row_form.h"
#include "launch/serving/row_stream.h"
#include "launch/serving/row_writer.h"

namespace chorus::launch {
namespace {

constexpr char kDeltaFormat[] = "chorus-export-delta 1";
constexpr char kDeltaFile[] = "delta.json";
constexpr char kNewManifest[] = "manifest.new.json";

// The file of a table's keys that are gone; new and changed rows have files of their own.
std::string GoneFile(const std::string& table) { return table + ".gone.u64"; }

std::string_view BytesOfFloats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
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
  if (weights != nullptr && weights->shape_size() == 2 && weights->shape(1) > 0) {
    return uint64_t{weights->shape(1)};
  }
  return DataLoss(StrCat("there are no weights of table ", table));
}

// Files of the output, and their entries.
class DeltaOutput {
 public:
  DeltaOutput(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  Status Add(const std::string& file, uint64_t cols, const std::vector<float>& values) {
    const std::string_view bytes = BytesOfFloats(values);
    RETURN_IF_ERROR(Write(file, bytes));
    *delta.add_array() =
        DescribedArray(file, kExportWeightType, {values.size() / cols, cols}, Checksum(bytes));
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

bool IsSameRow(const RowStream& a, const RowStream& b) {
  for (size_t array = 0; array < a.arrays(); ++array) {
    if (a.part(array) != b.part(array)) return false;
  }
  return true;
}

// Calls only_a, only_b or both for each key of two tables, by ascending key; each returns a Status.
// Reads both to their ends.
template <typename OnlyA, typename OnlyB, typename Both>
Status WalkBoth(RowStream* a, RowStream* b, const OnlyA& only_a, const OnlyB& only_b,
                const Both& both) {
  bool in_a = a->Next(), in_b = b->Next();
  while (in_a || in_b) {
    const bool take_a = in_a && (!in_b || a->key() <= b->key());
    const bool take_b = in_b && (!in_a || b->key() <= a->key());
    RETURN_IF_ERROR(take_a && take_b ? both() : take_a ? only_a() : only_b());
    if (take_a) in_a = a->Next();
    if (take_b) in_b = b->Next();
  }
  RETURN_IF_ERROR(a->status());
  return b->status();
}

// The rows of one table that changed, and the keys that are gone.
Status AddTableDelta(FileSystem& files, const std::string& folder, RowForm form,
                     const std::string& table, uint64_t dim, ExportArrays* before_arrays,
                     ExportArrays* after_arrays, ExportDelta* delta) {
  ASSIGN_OR_RETURN(RowStream before, RowStream::Open(form, table, dim, before_arrays));
  ASSIGN_OR_RETURN(RowStream after, RowStream::Open(form, table, dim, after_arrays));
  ASSIGN_OR_RETURN(RowWriter changed, RowWriter::Create(files, folder, form, table, dim));
  ASSIGN_OR_RETURN(ArrayFile gone, ArrayFile::Create(files, folder, KeysArray(GoneFile(table))));
  const auto drop = [&] {
    const Key key = before.key();
    return gone.Append({reinterpret_cast<const char*>(&key), sizeof(key)});
  };
  const auto add = [&] { return changed.Copy(after); };
  const auto change = [&] { return IsSameRow(before, after) ? Status::Ok() : changed.Copy(after); };
  RETURN_IF_ERROR(WalkBoth(&before, &after, drop, add, change));
  ASSIGN_OR_RETURN(const std::vector<ExportArray> entries, changed.Finish());
  for (const ExportArray& entry : entries) *delta->add_array() = entry;
  ASSIGN_OR_RETURN(*delta->add_array(), gone.Finish());
  return Status::Ok();
}

// Weights of layers are few: arrays that changed are written as a whole.
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

Status NotTheLater(const std::string& file) {
  return DataLoss(StrCat(file, ": what the delta makes of it is not the later export's"));
}

// Writes an array of the later export after checking that it is the right one.
Status WriteLater(const ExportManifest& manifest, const std::string& file, std::string_view bytes,
                  DeltaOutput* out) {
  const ExportArray* const array = FindArray(manifest, file);
  if (array != nullptr && array->xxh3() == HexDigits(Checksum(bytes))) {
    return out->Write(file, bytes);
  }
  return NotTheLater(file);
}

// The keys of an array, which are asked for in ascending order.
class KeySet {
 public:
  explicit KeySet(ArrayStream keys) : keys_(std::move(keys)) { Next(); }
  bool Has(Key key) {
    while (any_ && key_ < key) Next();
    return any_ && key_ == key;
  }
  // The entry of the whole array; this is the last call.
  Status Finish() {
    while (any_) Next();
    return keys_.status();
  }

 private:
  void Next() {
    const char* const key = keys_.Next();
    any_ = key != nullptr;
    if (any_) std::memcpy(&key_, key, sizeof(key_));
  }

  ArrayStream keys_;
  Key key_ = 0;
  bool any_ = false;
};

Status ApplyTable(FileSystem& files, const std::string& folder, RowForm form,
                  const std::string& table, uint64_t dim, const Later& later, ExportArrays* base,
                  ExportArrays* changes) {
  ASSIGN_OR_RETURN(RowStream rows, RowStream::Open(form, table, dim, base));
  ASSIGN_OR_RETURN(RowStream changed, RowStream::Open(form, table, dim, changes));
  ASSIGN_OR_RETURN(ArrayStream gone_keys,
                   changes->Stream(GoneFile(table), kExportKeyType, 1, sizeof(Key)));
  KeySet gone(std::move(gone_keys));
  ASSIGN_OR_RETURN(RowWriter merged, RowWriter::Create(files, folder, form, table, dim));
  const auto keep = [&] { return gone.Has(rows.key()) ? Status::Ok() : merged.Copy(rows); };
  const auto take = [&] { return merged.Copy(changed); };
  RETURN_IF_ERROR(WalkBoth(&rows, &changed, keep, take, take));
  RETURN_IF_ERROR(gone.Finish());
  ASSIGN_OR_RETURN(const std::vector<ExportArray> entries, merged.Finish());
  for (const ExportArray& entry : entries) {
    const ExportArray* const expected = FindArray(later.manifest, entry.file());
    if (expected == nullptr || expected->xxh3() != entry.xxh3()) return NotTheLater(entry.file());
  }
  return Status::Ok();
}

Status ApplyDense(const Later& later, ExportArrays* base, ExportArrays* changes, DeltaOutput* out) {
  for (const ExportArray& array : later.manifest.array()) {
    if (!IsDense(array.file())) continue;
    const bool changed = FindArray(later.listed, array.file()) != nullptr;
    ASSIGN_OR_RETURN(const std::vector<float> values,
                     (changed ? changes : base)->Floats(array.file(), ColsOf(array)));
    RETURN_IF_ERROR(WriteLater(later.manifest, array.file(), BytesOfFloats(values), out));
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
    RETURN_IF_ERROR(AddTableDelta(files, folder->path(), FormOf(after), table, dim, &before_arrays,
                                  &after_arrays, &out.delta));
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
  for (const std::string& table : TablesIn(before)) {
    ASSIGN_OR_RETURN(const uint64_t dim, DimOf(before, table));
    RETURN_IF_ERROR(ApplyTable(files, folder->path(), FormOf(before), table, dim, later,
                               &base_arrays, &changes));
  }
  RETURN_IF_ERROR(ApplyDense(later, &base_arrays, &changes, &out));
  RETURN_IF_ERROR(CopyOnnx(files, delta, later.manifest, &out));
  RETURN_IF_ERROR(out.Write(kExportManifestFile, later.manifest_bytes));
  return folder->Commit();
}

}  // namespace chorus::launch
