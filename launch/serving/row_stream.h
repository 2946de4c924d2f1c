#pragma once
// The rows of one table of an export as they are stored, in ascending order of keys, piece by
// piece. Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/key.h"
#include "common/status.h"
#include "launch/serving/array_stream.h"
#include "launch/serving/export_files.h"
#include "launch/serving/row_form.h"

namespace chorus::launch {

class RowStream {
 public:
  // Errors: those of ExportArrays; kDataLoss when there are not as many rows as keys.
  static Result<RowStream> Open(RowForm form, const std::string& table, uint64_t dim,
                                ExportArrays* arrays);

  // Moves on to the next row; the first call moves to the first row. Returns false at the end and
  // on an error; status() tells the two apart. Damage is found at the end at the latest
  // (array_stream.h).
  bool Next();
  Key key() const { return key_; }
  size_t arrays() const { return described_.size(); }
  // The bytes of the row in an array of RowArraysOf.
  std::string_view part(size_t array) const { return {parts_[array], described_[array].row_bytes}; }
  const Status& status() const { return status_; }

 private:
  explicit RowStream(ArrayStream keys) : keys_(std::move(keys)) {}

  ArrayStream keys_;
  std::vector<RowArray> described_;
  std::vector<ArrayStream> arrays_;  // [described_]
  Key key_ = 0;
  std::vector<const char*> parts_;  // [described_]
  Status status_;
};

}  // namespace chorus::launch
