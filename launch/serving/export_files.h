#pragma once
// The files of an export: its manifest and its arrays, each compared with what the manifest says.
// Thread safety: none.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/export.pb.h"
#include "common/file.h"
#include "common/key.h"
#include "common/status.h"

namespace chorus::launch {

// Error: kNotFound, there is none; kDataLoss, it is no JSON or no manifest; kFailedPrecondition, it
// has another format, or lacks what a loader needs.
Result<ExportManifest> ReadExportManifest(FileSystem& files, const std::string& folder);

class ExportArrays {
 public:
  // `manifest` outlives the arrays.
  ExportArrays(FileSystem& files, std::string folder, const ExportManifest& manifest);

  // An array whose shape is [any, cols]. Error, begins with the file's path: kDataLoss, it is not
  // what the manifest says, or the manifest says something else of it; kNotFound.
  Result<std::vector<Key>> Keys(const std::string& file);
  Result<std::vector<float>> Floats(const std::string& file, uint64_t cols);
  // Files that the manifest names and nobody has read.
  std::vector<std::string> Unread() const;

 private:
  template <typename T>
  Result<std::vector<T>> Read(const std::string& file, const std::string& type, uint64_t cols);
  template <typename T>
  Result<std::vector<T>> ReadFile(const ExportArray& array);

  FileSystem& files_;
  const std::string folder_;
  std::map<std::string, const ExportArray*> unread_;  // by file
};

}  // namespace chorus::launch
