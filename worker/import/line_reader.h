#pragma once
// Cuts a byte source into lines: "\n" or "\r\n" ends a line, and the last one may have no end.
// Thread safety: none.

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/status.h"
#include "worker/import/byte_source.h"
#include "worker/import/read_buffer.h"

namespace chorus::worker {

class LineReader {
 public:
  // A longer line is an error: the input is hardly delimited text.
  static constexpr size_t kMaxLineBytes = size_t{64} << 20;

  explicit LineReader(std::unique_ptr<ByteSource> source);

  // The next line without its end, valid until the next call; false at the end of the text.
  Result<bool> Next(std::string_view* line);
  // The number of the line that Next gave last, from 1.
  uint64_t line_number() const { return line_number_; }

 private:
  ReadBuffer buffer_;
  bool ended_ = false;  // nothing more can be read
  uint64_t line_number_ = 0;
};

}  // namespace chorus::worker
