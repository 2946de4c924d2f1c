#pragma once
// One array of an export, written in pieces, so that no table has to fit in memory.
// Thread safety: none.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/checksum_stream.h"
#include "common/export.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/serving/row_form.h"

namespace chorus::launch {

class ArrayFile {
 public:
  // Makes the file of the array in `folder`. The caller gives the folder its final name when
  // everything in it is complete (output_folder.h).
  static Result<ArrayFile> Create(FileSystem& files, const std::string& folder,
                                  const RowArray& array);

  // Adds bytes; small pieces are collected before they are written.
  Status Append(std::string_view bytes);
  // Syncs and closes the file and returns its entry of the manifest. It is the last call.
  Result<ExportArray> Finish();

 private:
  Status Write(std::string_view bytes);

  ArrayFile(RowArray array, std::unique_ptr<WritableFile> file)
      : array_(std::move(array)), file_(std::move(file)) {}

  RowArray array_;
  std::unique_ptr<WritableFile> file_;
  std::string piece_;  // not yet written
  ChecksumStream checksum_;
  uint64_t bytes_ = 0;
};

}  // namespace chorus::launch
