#pragma once
// The names of the files of an exported model in its folder, and the versions of the format that
// this build writes and reads. Thread safety: constants and pure functions.

#include <string>

namespace chorus {

constexpr char kExportFormat[] = "chorus-export 4";
// The format of an export whose rows are in fewer bits: programs that know float32 alone refuse it
// by this name.
constexpr char kExportSmallRowsFormat[] = "chorus-export 5";
constexpr char kExportManifestFile[] = "manifest.json";
constexpr char kExportOnnxFile[] = "model.onnx";

// The files of a table: its keys, and the weights of their rows.
constexpr char kExportKeysEnd[] = ".keys.u64";
inline std::string ExportKeysFile(const std::string& table) { return table + kExportKeysEnd; }
inline std::string ExportWeightsFile(const std::string& table) { return table + ".weights.f32"; }
// The files of a table whose rows are in fewer bits: weights, and for INT8 the scale of each row.
constexpr char kExportHalvesEnd[] = ".weights.f16", kExportInt8sEnd[] = ".weights.i8";
constexpr char kExportScalesEnd[] = ".scales.f32";

// The file of a block of the layers' weights.
constexpr char kExportDenseFolder[] = "dense";
inline std::string ExportDenseFile(const std::string& block) {
  return std::string(kExportDenseFolder) + "/" + block + ".f32";
}

// What a manifest calls the numbers of an array.
constexpr char kExportKeyType[] = "uint64", kExportWeightType[] = "float32";
constexpr char kExportHalfType[] = "float16", kExportInt8Type[] = "int8";

}  // namespace chorus
