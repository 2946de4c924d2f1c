#pragma once
// The files of an export: its manifest and its arrays, each compared with what the manifest says.
// Thread safety: none.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/export.pb.h"
#include "common/file.h"
#include "common/json.h"
#include "common/key.h"
#include "common/status.h"
#include "common/strings.h"
#include "launch/serving/array_stream.h"

namespace chorus::launch {

// Error: kNotFound, there is none; kDataLoss, it is no JSON or no manifest; kFailedPrecondition, it
// has another format, or lacks what a loader needs.
Result<ExportManifest> ReadExportManifest(FileSystem& files, const std::string& folder);

// A message in JSON whose `format` names the version of its files, one of `formats`. Error:
// kDataLoss, it is no such message; kFailedPrecondition, it has another format. Both name the path.
template <typename Message>
Result<Message> ReadOfFormat(FileSystem& files, const std::string& path,
                             const std::vector<std::string>& formats) {
  ASSIGN_OR_RETURN(const std::string json, ReadWholeFile(files, path));
  Message message;
  const Status read = FromJson(json, &message);
  if (!read.ok()) return DataLoss(StrCat(path, ": ", read.message()));
  for (const std::string& format : formats) {
    if (message.format() == format) return message;
  }
  return FailedPrecondition(StrCat(path, ": format \"", message.format(), "\"; expected: \"",
                                   Join(formats, "\" or \""), "\""));
}

struct ArrayShape {
  uint64_t rows = 0, cols = 0;
};
// The entry of a manifest for the array `file`, whose bytes have this checksum (common/file.h).
ExportArray DescribedArray(const std::string& file, const char* type, const ArrayShape& shape,
                           uint64_t checksum);

// The file of an array of a manifest, whose size is what its shape says. Error, begins with the
// path: kNotFound; kDataLoss, it has another size.
Result<std::unique_ptr<RandomAccessFile>> OpenArray(FileSystem& files, const std::string& folder,
                                                    const ExportArray& array, uint64_t row_bytes);
// Whether the bytes of a whole array have the checksum `expected` of its manifest, in hexadecimal.
Status CheckedArray(const std::string& path, uint64_t checksum, const std::string& expected);

class ExportArrays {
 public:
  // `manifest` outlives the arrays.
  ExportArrays(FileSystem& files, std::string folder, const ExportManifest& manifest);

  // An array whose shape is [any, cols]. Error, begins with the file's path: kDataLoss, it is not
  // what the manifest says, or the manifest says something else of it; kNotFound.
  Result<std::vector<Key>> Keys(const std::string& file);
  Result<std::vector<float>> Floats(const std::string& file, uint64_t cols);
  // Of any type: its bytes, `row_bytes` a row.
  Result<std::string> Bytes(const std::string& file, const std::string& type, uint64_t cols,
                            uint64_t row_bytes);
  // The same array, read in pieces.
  Result<ArrayStream> Stream(const std::string& file, const std::string& type, uint64_t cols,
                             uint64_t row_bytes);
  // Files that the manifest names and nobody has read.
  std::vector<std::string> Unread() const;

 private:
  // Values has resize, and the bytes of its elements make up the file.
  template <typename Values>
  Result<Values> Read(const std::string& file, const std::string& type, uint64_t cols,
                      uint64_t row_bytes);
  // The entry of an array, which is then read.
  Result<const ExportArray*> Take(const std::string& file, const std::string& type, uint64_t cols);

  FileSystem& files_;
  const std::string folder_;
  std::map<std::string, const ExportArray*> unread_;  // by file
};

}  // namespace chorus::launch
