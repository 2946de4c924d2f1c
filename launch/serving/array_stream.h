#pragma once
// One array of an export, read in pieces, so that no table has to fit in memory.
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/checksum_stream.h"
#include "common/export.pb.h"
#include "common/file.h"
#include "common/status.h"

namespace chorus::launch {

class ArrayStream {
 public:
  // Opens the file of `array` in `folder`. Errors, which begin with the path: kNotFound; kDataLoss
  // when the file has another size than the manifest says.
  static Result<ArrayStream> Open(FileSystem& files, const std::string& folder,
                                  const ExportArray& array, uint64_t row_bytes);

  uint64_t rows() const { return rows_; }
  // The bytes of the next row, valid until the next call. Null at the end and on an error; status()
  // tells the two apart. Damage is found at the end at the latest: until then nobody may rely on
  // what was read.
  const char* Next();
  // kDataLoss, which begins with the path, when the bytes are not what the manifest says.
  const Status& status() const { return status_; }

 private:
  ArrayStream() = default;
  bool Fill();

  std::string path_;
  std::string xxh3_;  // of the whole file, in hexadecimal
  std::unique_ptr<RandomAccessFile> file_;
  uint64_t rows_ = 0, row_bytes_ = 0;
  uint64_t next_ = 0;  // the first row that is not in the buffer yet
  std::vector<char> buffer_;
  size_t at_ = 0;
  ChecksumStream checksum_;
  Status status_;
};

}  // namespace chorus::launch
