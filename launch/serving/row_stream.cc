#include "launch/serving/row_stream.h"

#include <cstring>
#include <utility>

#include "common/export_format.h"
#include "common/strings.h"

namespace chorus::launch {

Result<RowStream> RowStream::Open(RowForm form, const std::string& table, uint64_t dim,
                                  ExportArrays* arrays) {
  ASSIGN_OR_RETURN(ArrayStream keys,
                   arrays->Stream(ExportKeysFile(table), kExportKeyType, 1, sizeof(Key)));
  RowStream stream(std::move(keys));
  stream.described_ = RowArraysOf(form, table, dim);
  for (const RowArray& array : stream.described_) {
    ASSIGN_OR_RETURN(ArrayStream rows,
                     arrays->Stream(array.file, array.type, array.cols, array.row_bytes));
    if (rows.rows() != stream.keys_.rows()) {
      return DataLoss(StrCat(array.file, ": ", rows.rows(),
                             " rows; expected: ", stream.keys_.rows(), ", as there are keys"));
    }
    stream.arrays_.push_back(std::move(rows));
  }
  stream.parts_.resize(stream.arrays_.size());
  return stream;
}

// All arrays are read to their ends, where their checksums are compared.
bool RowStream::Next() {
  if (!status_.ok()) return false;
  const char* const key = keys_.Next();
  if (!keys_.status().ok()) status_ = keys_.status();
  for (size_t a = 0; a < arrays_.size(); ++a) {
    parts_[a] = arrays_[a].Next();
    if (status_.ok() && !arrays_[a].status().ok()) status_ = arrays_[a].status();
  }
  if (key == nullptr || !status_.ok()) return false;
  std::memcpy(&key_, key, sizeof(key_));
  return true;
}

}  // namespace chorus::launch
