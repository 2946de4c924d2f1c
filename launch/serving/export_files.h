#pragma once
// The files of an export: its manifest and its arrays, each checked against the manifest.
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

// Errors: kNotFound when there is no manifest; kDataLoss when it is no JSON or no manifest;
// kFailedPrecondition when it has another format, or lacks what a loader needs.
Result<ExportManifest> ReadExportManifest(FileSystem& files, const std::string& folder);

// Reads a message in JSON whose `format` names the version of its files, which must be one of
// `formats`. Errors, which name the path: kDataLoss when the file is no such message;
// kFailedPrecondition when it has another format.
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

// Opens the file of an array of a manifest and checks that its size fits its shape. Errors, which
// begin with the path: kNotFound; kDataLoss when it has another size.
Result<std::unique_ptr<RandomAccessFile>> OpenArray(FileSystem& files, const std::string& folder,
                                                    const ExportArray& array, uint64_t row_bytes);
// OK when the bytes of a whole array have the checksum `expected`, which the manifest has in
// hexadecimal. Error: kDataLoss.
Status CheckedArray(const std::string& path, uint64_t checksum, const std::string& expected);

class ExportArrays {
 public:
  // `manifest` outlives the arrays.
  ExportArrays(FileSystem& files, std::string folder, const ExportManifest& manifest);

  // Read an array whose shape is [any, cols]. Errors, which begin with the file's path: kDataLoss
  // when the file is not what the manifest says, or the manifest has another type or shape than the
  // caller expects; kNotFound.
  Result<std::vector<Key>> Keys(const std::string& file);
  Result<std::vector<float>> Floats(const std::string& file, uint64_t cols);
  // The bytes of an array of any type, `row_bytes` per row.
  Result<std::string> Bytes(const std::string& file, const std::string& type, uint64_t cols,
                            uint64_t row_bytes);
  // The same array, read in pieces.
  Result<ArrayStream> Stream(const std::string& file, const std::string& type, uint64_t cols,
                             uint64_t row_bytes);
  // Files that the manifest names and nobody has read.
  std::vector<std::string> Unread() const;

 private:
  // Values: a container with resize, whose elements' bytes are the file's.
  template <typename Values>
  Result<Values> Read(const std::string& file, const std::string& type, uint64_t cols,
                      uint64_t row_bytes);
  // The entry of an array, which counts as read from then on.
  Result<const ExportArray*> Take(const std::string& file, const std::string& type, uint64_t cols);

  FileSystem& files_;
  const std::string folder_;
  std::map<std::string, const ExportArray*> unread_;  // by file
};

}  // namespace chorus::launch
