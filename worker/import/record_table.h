#pragma once
// The records of all inputs of TFRecord, one after the other, in chunks. An input may be packed.
// Thread safety: none.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status.h"
#include "worker/import/line_chunk.h"
#include "worker/import/record_reader.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

class RecordTable {
 public:
  explicit RecordTable(std::vector<TextInput> inputs) : inputs_(std::move(inputs)) {}

  // The next record, valid until the next call; false after the last.
  Result<bool> Next(std::string_view* record);
  // The next records, `bytes` bytes and the rest of the last record, as lines whose numbers count
  // from 0. The first may be a prologue. False after the last.  An error comes once all records
  // before it were given.
  Result<bool> NextRecords(size_t bytes, LineChunk* out);
  std::string PlaceOf(const LineChunk::Line& record) const;  // "train.tfrecord, record 17"
  uint64_t empty_inputs() const { return empty_inputs_; }    // so far

 private:
  Status OpenInput();

  std::vector<TextInput> inputs_;
  size_t input_ = 0;
  std::unique_ptr<RecordReader> reader_;  // null between inputs
  bool input_has_records_ = false;
  uint64_t empty_inputs_ = 0;
  LineChunks chunks_;
};

}  // namespace chorus::worker
