#pragma once
// What an export of a model is called in its folder, and which version of its files this build
// writes and reads. Thread safety: constants.

namespace chorus {

constexpr char kExportFormat[] = "chorus-export 4";
constexpr char kExportManifestFile[] = "manifest.json";

}  // namespace chorus
