#pragma once
// Cuts a byte source into the records of TFRecord (record_frame.h) and verifies all checksums.
// Thread safety: none.

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/status.h"
#include "worker/import/byte_source.h"
#include "worker/import/read_buffer.h"

namespace chorus::worker {

class RecordReader {
 public:
  // A longer record is an error: several of them would not fit into memory.
  static constexpr uint64_t kMostBytes = uint64_t{256} << 20;

  explicit RecordReader(std::unique_ptr<ByteSource> source);

  // The next record, valid until the next call; false at the end.  Error: kDataLoss, a checksum is
  // wrong, or the source ends inside a record: "record 17 at byte 4711: ...".
  Result<bool> Next(std::string_view* record);
  // The number of the record that Next gave last, from 0.
  uint64_t record_number() const { return next_ - 1; }

 private:
  Result<size_t> Need(size_t bytes);  // then this many are unread, or as many as there are
  Status Damaged(std::string_view why) const;

  ReadBuffer buffer_;
  uint64_t offset_ = 0;  // in the source, of what is unread
  uint64_t next_ = 0;
};

}  // namespace chorus::worker
